/* The colours of src/vyraz/draw.py: Okabe and Ito's for labels, Paul Tol's light ones for faces. */

const LABELS = {
  angry: "#d55e00", disgust: "#009e73", fear: "#cc79a7", happy: "#f0e442", sad: "#0072b2", surprise: "#e69f00",
  neutral: "#bbbbbb", contempt: "#56b4e9",
};
const FACES = ["#99ddff", "#ffaabb", "#bbcc33", "#ee8866", "#77aadd", "#eedd88", "#44bb99", "#aaaa00"];

export const EMOTIONS = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"];
export const UNCERTAIN = "#6e6e6e";
export const DARK = "#141418";

export const colourOf = (label) => LABELS[label] ?? UNCERTAIN;
export const accentOf = (id) => FACES[(id - 1) % FACES.length];

/* Black or white, whichever is read better: where their contrasts by WCAG are equal, luminance is 0.179. */
export function inkOn(colour) {
  const linear = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] > 0.179 ? "#000000" : "#ffffff";
}
