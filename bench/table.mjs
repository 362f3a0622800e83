/** Prints rows under a heading, each column as wide as it needs; figures stand right. */
export function printTable(title, heading, rows) {
  const lines = [heading, ...rows];
  const widths = heading.map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  console.log(`\n${title}`);
  for (const line of lines) {
    const cells = line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])));
    console.log(`  ${cells.join('  ')}`);
  }
}

export const ratio = (value) => `${value.toFixed(2)} ×`;
export const spread = ({ low, high }) => `${low.toFixed(2)}–${high.toFixed(2)}`;
export const ms = (value) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
