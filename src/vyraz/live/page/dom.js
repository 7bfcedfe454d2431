/* Small helpers for the document. */

export const byId = (id) => document.getElementById(id);

export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/* Writing the same text again would wake screen readers and cost layout, thirty times a second. */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function options(select, pairs, chosen) {
  select.replaceChildren(...pairs.map(([value, text]) => make("option", {value}, text)));
  if (chosen !== undefined) select.value = chosen;
}

export function press(button, on) {
  button.setAttribute("aria-pressed", String(on));
}

export function save(blob, name) {
  const link = make("a", {href: URL.createObjectURL(blob), download: name});
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export function stamp() {
  const now = new Date(), two = (value) => String(value).padStart(2, "0");
  const day = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())];
  return [...day, two(now.getHours()), two(now.getMinutes()), two(now.getSeconds())].join("-");
}

/* What the page remembers; storage may be forbidden, and the page must run without. */
export function remember(name, value) {
  try {
    localStorage.setItem(`vyraz.${name}`, value);
  } catch { /* Then it is forgotten. */ }
}

export function recall(name) {
  try {
    return localStorage.getItem(`vyraz.${name}`);
  } catch {
    return null;
  }
}
