import { describe, expect, it } from "vitest";
import { canonicalPage } from "./page.js";

describe("a page's name says nothing about a person", () => {
  it.each([
    ["https://shop.example/orders/1207?user=joe#top", "/orders/:id"],
    ["https://joe:secret@shop.example:8443/a/b/", "/a/b"],
    ["//shop.example/a", "/a"],
    ["/users/joe@example.org/mail", "/users/:id/mail"],
    ["/users/joe%40example.org", "/users/:id"],
    ["/tasks/2f1b7a52-7c0e-4b7e-9c39-3e4ad3b0f7aa/turns/3", "/tasks/:id/turns/:id"],
    ["/tasks/2f1b7a527c0e4b7e9c393e4ad3b0f7aa", "/tasks/:id"],
    ["/commit/deadbee1", "/commit/:id"],
    ["/u/01J9ZQ3K5T8Y2N4W6X8Z0A1B2C", "/u/:id"],
    ["/u/task_01J9ZQ3K5T8Y2N4W6X8Z0A1B2C", "/u/:id"],
    ["/c/cus_NffrFeUfNV2Hib", "/c/:id"],
    ["/v/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3", "/v/:id"],
    ["/call/+49-170-1234567", "/call/:id"],
    ["/card/4111-1111-1111-1111", "/card/:id"],
    ["/user-48213/edit", "/:id/edit"],
    ["/shop;jsessionid=8F3A0B/cart", "/shop/cart"],
    ["/de/über uns", "/de/:id"],
    ["/<script>alert(1)</script>", "/:id/:id"],
    ["/half\ud800pair", "/:id"],
    ["file:///home/joe/diary.html", "/"],
    ["blob:https://shop.example/2f1b7a52", "/"],
    ["about:blank", "/"],
    ["data:text/html,joe", "/"],
  ])("%j", (address, page) => expect(canonicalPage(address)).toBe(page));
});

describe("a page keeps its name", () => {
  it.each([
    ["", "/"],
    ["/", "/"],
    ["///", "/"],
    ["https://shop.example", "/"],
    ["https://shop.example?x=1", "/"],
    ["/orders/[id]", "/orders/[id]"],
    ["/docs/[[...slug]]", "/docs/[[...slug]]"],
    ["/orders/{order_id}", "/orders/{order_id}"],
    ["/orders/:id", "/orders/:id"],
    ["orders/all", "/orders/all"],
    ["/api/v1/chat", "/api/v1/chat"],
    ["/facade/cafe", "/facade/cafe"],
    ["/docs/web-vitals-v6", "/docs/web-vitals-v6"],
    ["/docs/internationalization", "/docs/internationalization"],
    ["/a".repeat(12), "/a".repeat(12)],
    ["/a".repeat(13), `${"/a".repeat(12)}/*`],
  ])("%j", (address, page) => {
    expect(canonicalPage(address)).toBe(page);
    expect(canonicalPage(page)).toBe(page);
  });
  it("and has a bound", () => {
    const wide = canonicalPage("/abcdefghijklmnopqrstuvwxyz".repeat(11));
    expect(wide).toMatch(/\/\*$/);
    expect(wide.length).toBeLessThanOrEqual(200);
    expect(canonicalPage(wide)).toBe(wide);
    expect(canonicalPage(`/${"x".repeat(100_000)}`)).toBe("/:id");
    expect(canonicalPage("/".repeat(100_000))).toBe("/");
  });
});
