// Whether a CSS colour, as #rrggbb or rgb(...), is nearer to black.
function isDark(colour) {
  const numbers = colour.startsWith("#")
    ? [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16))
    : colour.match(/[\d.]+/g).map(Number);
  const [red, green, blue] = numbers;
  return 0.299 * red + 0.587 * green + 0.114 * blue < 128;
}
