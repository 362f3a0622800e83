/** In pixels. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Divides a box among items so that each gets an area in proportion to its weight, as nearly square as can be: rows are
 * filled along the shorter side as long as that makes them squarer. (Bruls, Huizing, van Wijk: "Squarified treemaps", 2000.)
 * @param weights above 0, the largest first
 */
export function squarify(weights: readonly number[], box: Box): Box[] {
  const scale = (box.width * box.height) / weights.reduce((total, weight) => total + weight, 0);
  const areas = weights.map((weight) => weight * scale);
  const boxes: Box[] = [];
  let rest = box;
  for (let begin = 0; begin < areas.length; ) {
    const side = Math.min(rest.width, rest.height);
    let end = begin + 1;
    while (end < areas.length && worst(areas.slice(begin, end + 1), side) <= worst(areas.slice(begin, end), side))
      end += 1;
    const row = areas.slice(begin, end);
    const { placed, left } = layRow(row, rest);
    boxes.push(...placed);
    rest = left;
    begin = end;
  }
  return boxes;
}

/** The worst ratio of sides in a row. */
function worst(row: readonly number[], side: number): number {
  const total = row.reduce((sum, area) => sum + area, 0);
  const [most, least] = [Math.max(...row), Math.min(...row)];
  return Math.max((side * side * most) / (total * total), (total * total) / (side * side * least));
}

function layRow(row: readonly number[], box: Box): { readonly placed: Box[]; readonly left: Box } {
  const total = row.reduce((sum, area) => sum + area, 0);
  const { x, y, width, height } = box;
  const isTall = width < height;
  const thickness = total / (isTall ? width : height);
  let at = 0;
  const placed = row.map((area) => {
    const length = area / thickness;
    const one = isTall
      ? { x: x + at, y, width: length, height: thickness }
      : { x, y: y + at, width: thickness, height: length };
    at += length;
    return one;
  });
  const left = isTall
    ? { x, y: y + thickness, width, height: Math.max(0, height - thickness) }
    : { x: x + thickness, y, width: Math.max(0, width - thickness), height };
  return { placed, left };
}
