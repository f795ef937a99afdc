/** Draws the shapes and texts of a vector graphic where the browser shows them. */

export function paintSvg(svg: SVGSVGElement, context: CanvasRenderingContext2D): void {
  for (const element of svg.querySelectorAll<SVGGraphicsElement>(
    "path, line, rect, circle, ellipse, polyline, polygon, text, tspan",
  )) {
    const style = getComputedStyle(element);
    if (style.display === "none" || style.visibility === "hidden") continue;
    const matrix = element.getScreenCTM();
    if (!matrix) continue;
    context.save();
    context.globalAlpha *= opacityOf(element, svg);
    // The matrix leads to the window, in which the canvas has its place already.
    context.transform(matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f);
    if (element instanceof SVGTextContentElement) paintText(element, style, context);
    else paintShape(element, style, context);
    context.restore();
  }
}

/** That of the groups around it, too. */
function opacityOf(element: Element, root: Element): number {
  let opacity = 1;
  for (let one: Element | null = element; one && one !== root; one = one.parentElement)
    opacity *= Number(getComputedStyle(one).opacity);
  return Number.isFinite(opacity) ? opacity : 1;
}

function paintShape(
  element: SVGGraphicsElement,
  style: CSSStyleDeclaration,
  context: CanvasRenderingContext2D,
): void {
  const path = pathOf(element);
  if (!path) return;
  const base = context.globalAlpha;
  if (style.fill !== "none" && !(element instanceof SVGLineElement)) {
    context.fillStyle = plain(style.fill, style.color);
    context.globalAlpha = base * Number(style.fillOpacity || 1);
    context.fill(path, style.fillRule === "evenodd" ? "evenodd" : "nonzero");
  }
  if (style.stroke === "none" || style.stroke === "") return;
  context.strokeStyle = plain(style.stroke, style.color);
  context.globalAlpha = base * Number(style.strokeOpacity || 1);
  context.lineWidth = Number.parseFloat(style.strokeWidth) || 1;
  context.lineCap = style.strokeLinecap as CanvasLineCap;
  context.lineJoin = style.strokeLinejoin as CanvasLineJoin;
  const dashes =
    style.strokeDasharray === "none" ? [] : style.strokeDasharray.split(/[\s,]+/).map(Number.parseFloat);
  context.setLineDash(dashes.filter(Number.isFinite));
  context.stroke(path);
}

/** A pattern or a gradient by reference is drawn in the color of the text. */
function plain(paint: string, color: string): string {
  return paint.startsWith("url(") ? color : paint;
}

function pathOf(element: SVGGraphicsElement): Path2D | null {
  const path = new Path2D();
  if (element instanceof SVGPathElement) return new Path2D(element.getAttribute("d") ?? "");
  if (element instanceof SVGLineElement) {
    path.moveTo(element.x1.baseVal.value, element.y1.baseVal.value);
    path.lineTo(element.x2.baseVal.value, element.y2.baseVal.value);
  } else if (element instanceof SVGRectElement) {
    const { x, y, width, height, rx } = element;
    path.roundRect(
      x.baseVal.value,
      y.baseVal.value,
      width.baseVal.value,
      height.baseVal.value,
      rx.baseVal.value,
    );
  } else if (element instanceof SVGCircleElement) {
    path.arc(element.cx.baseVal.value, element.cy.baseVal.value, element.r.baseVal.value, 0, 2 * Math.PI);
  } else if (element instanceof SVGEllipseElement) {
    const { cx, cy, rx, ry } = element;
    path.ellipse(cx.baseVal.value, cy.baseVal.value, rx.baseVal.value, ry.baseVal.value, 0, 0, 2 * Math.PI);
  } else if (element instanceof SVGPolylineElement || element instanceof SVGPolygonElement) {
    for (const { x, y } of element.points) path.lineTo(x, y);
    if (element instanceof SVGPolygonElement) path.closePath();
  } else return null;
  return path;
}

function paintText(
  element: SVGTextContentElement,
  style: CSSStyleDeclaration,
  context: CanvasRenderingContext2D,
): void {
  const own = [...element.childNodes].filter((node) => node instanceof Text);
  const text = own.map((node) => node.data).join("");
  if (text.trim() === "" || element.getNumberOfChars() === 0) return;
  const { x, y } = element.getStartPositionOfChar(0);
  context.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  context.textAlign = "left";
  context.textBaseline = "alphabetic";
  context.fillStyle = plain(style.fill, style.color);
  context.fillText(text.trim(), x, y);
}
