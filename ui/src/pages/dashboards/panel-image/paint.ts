/**
 * Draws an element of the page on a canvas, as it is shown: its boxes, texts, canvases and vector graphics. The content
 * security policy forbids images of markup, and this asks for nothing.
 */

import { fillOf } from "./gradient";
import { paintSvg } from "./paint-svg";

/** A canvas with more pixels than this is scaled down. */
const PIXELS_MAX = 16_000_000;
/** More elements and texts are not drawn. */
const NODES_MAX = 20_000;

/** What belongs to the use of the page, and not to what it shows. */
const LEFT_OUT = "[role=menu], [aria-haspopup], [data-fetching], [role=tooltip]";

interface Painter {
  context: CanvasRenderingContext2D;
  left: number;
}

/** Null for an element without a size, and where there are no canvases. */
export function painted(element: HTMLElement): HTMLCanvasElement | null {
  const { left, top, width, height } = element.getBoundingClientRect();
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  if (!context || width < 1 || height < 1) return null;
  const scale = Math.min(Math.max(2, window.devicePixelRatio), Math.sqrt(PIXELS_MAX / (width * height)));
  canvas.width = Math.ceil(width * scale);
  canvas.height = Math.ceil(height * scale);
  context.scale(scale, scale);
  context.translate(-left, -top);
  // A transparent panel has the ground of the page.
  context.fillStyle = groundOf(element);
  context.fillRect(left, top, width, height);
  paintElement(element, { context, left: NODES_MAX });
  return canvas;
}

function groundOf(element: Element): string {
  for (let one: Element | null = element; one; one = one.parentElement) {
    const { backgroundColor } = getComputedStyle(one);
    if (!isTransparent(backgroundColor)) return backgroundColor;
  }
  return getComputedStyle(document.body).backgroundColor;
}

function isTransparent(color: string): boolean {
  return color === "transparent" || color === "" || /(,|\/)\s*0\)$/.test(color);
}

function paintElement(element: Element, painter: Painter): void {
  const { context } = painter;
  const style = getComputedStyle(element);
  const hidden = style.display === "none" || style.visibility === "hidden" || style.opacity === "0";
  if (hidden || element.matches(LEFT_OUT) || painter.left <= 0) return;
  painter.left -= 1;
  const rect = element.getBoundingClientRect();
  context.save();
  context.globalAlpha *= Number(style.opacity) || 1;
  paintBox(context, style, rect);
  if (style.overflow !== "visible" && style.display !== "inline") {
    context.beginPath();
    context.rect(rect.left, rect.top, rect.width, rect.height);
    context.clip();
  }
  if (element instanceof HTMLCanvasElement) {
    if (element.width > 0 && element.height > 0)
      context.drawImage(element, rect.left, rect.top, rect.width, rect.height);
  } else if (element instanceof SVGSVGElement) paintSvg(element, context);
  else
    for (const child of element.childNodes) {
      if (child instanceof Element) paintElement(child, painter);
      else if (child instanceof Text) paintText(child, style, painter);
    }
  context.restore();
}

function paintBox(context: CanvasRenderingContext2D, style: CSSStyleDeclaration, rect: DOMRect): void {
  const { left, top, width, height } = rect;
  if (width === 0 || height === 0) return;
  const radius = Number.parseFloat(style.borderTopLeftRadius) || 0;
  const fill = fillOf(style, rect, context);
  if (fill && !(typeof fill === "string" && isTransparent(fill))) {
    context.fillStyle = fill;
    context.beginPath();
    context.roundRect(left, top, width, height, Math.min(radius, width / 2, height / 2));
    context.fill();
  }
  const sides: [string, string, number, number, number, number][] = [
    [style.borderTopWidth, style.borderTopColor, left, top, width, 0],
    [style.borderBottomWidth, style.borderBottomColor, left, top + height, width, 0],
    [style.borderLeftWidth, style.borderLeftColor, left, top, 0, height],
    [style.borderRightWidth, style.borderRightColor, left + width, top, 0, height],
  ];
  for (const [size, color, x, y, across, down] of sides) {
    const line = Number.parseFloat(size) || 0;
    if (line === 0 || isTransparent(color)) continue;
    context.fillStyle = color;
    const inset = across > 0 ? (y > top ? -line : 0) : x > left ? -line : 0;
    context.fillRect(
      across > 0 ? x : x + inset,
      across > 0 ? y + inset : y,
      across > 0 ? across : line,
      across > 0 ? line : down,
    );
  }
}

function paintText(node: Text, style: CSSStyleDeclaration, painter: Painter): void {
  const text = node.data;
  if (text.trim() === "") return;
  const { context } = painter;
  context.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  context.fillStyle = style.color;
  context.textBaseline = "alphabetic";
  context.textAlign = "left";
  const shown = (part: string) => (style.textTransform === "uppercase" ? part.toUpperCase() : part);
  const range = document.createRange();
  range.selectNodeContents(node);
  const { fontBoundingBoxAscent: ascent } = context.measureText("M");
  const draw = (part: string, { left, top }: DOMRect) => context.fillText(shown(part), left, top + ascent);
  const lines = range.getClientRects();
  const [only] = lines;
  if (lines.length === 1 && only && !style.whiteSpace.startsWith("pre")) {
    draw(text.trim().replace(/\s+/g, " "), only);
    return;
  }
  // A text of several lines is drawn by its words, which the browser has placed.
  for (const word of text.matchAll(/\S+/g)) {
    if (painter.left <= 0) return;
    painter.left -= 1;
    range.setStart(node, word.index);
    range.setEnd(node, word.index + word[0].length);
    const [place] = range.getClientRects();
    if (place) draw(word[0], place);
  }
}
