// Looks at the pages in all frames, and writes down what it sees.

const channels = (color) => {
  const [red, green, blue, alpha = 1] = color.match(/[\d.]+/g).map(Number);
  return { red, green, blue, alpha };
};

// https://www.w3.org/TR/WCAG22/#dfn-relative-luminance
const luminance = ({ red, green, blue }) => {
  const linear = [red, green, blue].map((each) => {
    const part = each / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
};

const contrast = (one, other) => {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
};

const background = (element) => {
  for (let each = element; each; each = each.parentElement) {
    const found = channels(getComputedStyle(each).backgroundColor);
    if (found.alpha === 1) return found;
    if (found.alpha > 0) throw new Error(`a background that shows through: ${each.outerHTML}`);
  }
  throw new Error("nothing has a background");
};

const ink = (element) => {
  const style = getComputedStyle(element);
  return channels(element.ownerSVGElement ? style.fill : style.color);
};

const isClipped = (element) => element.closest("thead") && getComputedStyle(element.closest("thead")).clipPath !== "none";
const name = (element) => `${element.tagName}.${element.getAttribute("class")} ${element.textContent.trim().slice(0, 40)}`;

const sticksOut = (element, width) => {
  const box = element.getBoundingClientRect();
  if (box.right > width + 0.5 || box.left < -0.5) return true;
  return !element.ownerSVGElement && element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1;
};

const hasText = (element) => [...element.childNodes].some((each) => each.nodeType === 3 && each.data.trim());

const charts = (page) => {
  const found = {};
  for (const kind of ["within", "today", "limit", "gap"]) {
    const drawn = page.querySelector(`.days .${kind}`);
    const line = kind === "gap" ? page.querySelector("#gap path") : drawn;
    if (!drawn) continue;
    const style = getComputedStyle(line);
    found[kind] = contrast(channels(kind === "within" ? style.fill : style.stroke), background(drawn));
  }
  const bar = page.querySelector(".bar");
  if (bar) found.bar = contrast(background(bar), background(bar.parentElement));
  return found;
};

const look = (page) => {
  const width = page.documentElement.clientWidth;
  const shown = [...page.body.querySelectorAll("*")].filter((each) => each.checkVisibility() && !isClipped(each));
  const texts = shown.filter((each) => hasText(each) && !each.closest(".hover"));
  return {
    brightness: luminance(background(page.body)),
    widths: [page.documentElement.scrollWidth, width],
    sticking_out: shown.filter((each) => sticksOut(each, width)).map(name),
    faint: texts.filter((each) => contrast(ink(each), background(each)) < 4.5).map(name),
    texts: texts.length,
    charts: charts(page),
    rows: page.querySelector("tbody tr") && getComputedStyle(page.querySelector("tbody tr")).display,
  };
};

addEventListener("load", () => {
  const frames = [...document.querySelectorAll("iframe")].map((each) => [each.name, look(each.contentDocument)]);
  document.getElementById("seen").textContent = JSON.stringify(Object.fromEntries(frames));
});
