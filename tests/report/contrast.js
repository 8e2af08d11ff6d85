// The texts of the page whose contrast is below 4.5, which WCAG AA asks for: [text, ratio] of each.
() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  const under = (node) => {
    const colour = rgba(getComputedStyle(node).backgroundColor);
    return colour[3] > 250 ? colour : under(node.parentElement);
  };
  const poor = [];
  for (const node of document.querySelectorAll("h1, h2, p, label, span, dt, dd, summary, button, output, kbd")) {
    if (!node.checkVisibility() || node.closest(".compare, .enlarge") || !node.textContent.trim()) continue;
    const [ink, paper] = [light(rgba(getComputedStyle(node).color)), light(under(node))];
    const ratio = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    if (ratio < 4.5) poor.push([node.textContent.slice(0, 30), ratio]);
  }
  return poor;
}
