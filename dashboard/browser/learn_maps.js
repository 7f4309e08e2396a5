// Maps of numbers as squares of colour: a picture, or signed values around zero.

const POSITIVE = [59, 91, 219];
const NEGATIVE = [232, 89, 12];

function decodeFloats(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}

function paintMap(canvas, map, factor, empty) {
  const sharp = Math.max(1, Math.ceil(window.devicePixelRatio || 1));
  const side = factor * sharp;
  canvas.width = map.width * side;
  canvas.height = map.height * side;
  const context = canvas.getContext("2d");
  for (let row = 0; row < map.height; row += 1) {
    for (let column = 0; column < map.width; column += 1) {
      const colour = colourAt(map, row * map.width + column, empty);
      context.fillStyle = `rgb(${colour ?? empty})`;
      context.fillRect(column * side, row * side, side, side);
      if (colour === null) cross(context, column * side, row * side, side);
    }
  }
}

function cross(context, x, y, side) {
  const room = side * 0.3;
  context.strokeStyle = "rgba(128, 128, 128, 0.9)";
  context.lineWidth = Math.max(1, side / 12);
  context.beginPath();
  context.moveTo(x + room, y + room);
  context.lineTo(x + side - room, y + side - room);
  context.moveTo(x + side - room, y + room);
  context.lineTo(x + room, y + side - room);
  context.stroke();
}

// Not a number is a place without a value: null.
function colourAt(map, place, empty) {
  if (map.kind === "rgb") {
    const area = map.width * map.height;
    return [0, 1, 2].map((channel) => byte(map.numbers[channel * area + place]));
  }
  const value = map.numbers[place];
  if (Number.isNaN(value)) return null;
  if (map.kind === "grey") return [0, 1, 2].map((c) => byte(map.tint ? value * map.tint[c] : value));
  return signedColour(value, map.peak, empty);
}

function byte(share) {
  return Math.round(255 * Math.min(1, Math.max(0, share)));
}

function signedColour(value, peak, empty) {
  const share = peak > 0 ? Math.min(1, Math.abs(value) / peak) : 0;
  const full = value < 0 ? NEGATIVE : POSITIVE;
  return full.map((level, channel) => Math.round(empty[channel] + share * (level - empty[channel])));
}

function readable(colour) {
  const [red, green, blue] = colour.map((level) => {
    const share = level / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 ? "#000" : "#fff";
}

// A true minus sign is as wide as a digit.
function plainNumber(value, digits) {
  if (Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  const tiny = size > 0 && size < 0.5 * 10 ** -digits;
  return (tiny ? value.toExponential(1) : value.toFixed(digits)).replaceAll("-", "−");
}

// Two digits, for cells where there is no room for more.
function shortNumber(value) {
  return value.toFixed(2).replace(/^-0\.00$/, "0.00").replace("-", "−");
}
