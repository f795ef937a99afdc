/** A panel as an image in the format PNG: for a file, or for the clipboard. */
import { download } from "../download";
import { painted } from "./paint";

async function pngOf(element: HTMLElement): Promise<Blob> {
  const canvas = painted(element);
  const blob = await new Promise<Blob | null>((done) => {
    if (canvas) canvas.toBlob(done, "image/png");
    else done(null);
  });
  if (!blob) throw new Error("The panel cannot be drawn.");
  return blob;
}

export async function downloadImage(element: HTMLElement, title: string): Promise<void> {
  download(`${fileName(title)}.png`, await pngOf(element));
}

/** Saves a file where the browser refuses the clipboard. */
export async function copyImage(element: HTMLElement, title: string): Promise<void> {
  try {
    await navigator.clipboard.write([new ClipboardItem({ "image/png": pngOf(element) })]);
  } catch {
    await downloadImage(element, title);
  }
}

/** Letters and digits of any language. */
function fileName(title: string): string {
  const name = title.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "");
  return name.slice(0, 80) || "panel";
}
