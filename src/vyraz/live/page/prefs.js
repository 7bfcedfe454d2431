/* Language and appearance: chosen by the browser, switchable, remembered. */

import {byId, options, recall, remember} from "./dom.js";
import {languages, language, say, setLanguage} from "./texts.js";

const THEMES = ["system", "light", "dark"];

/* onChange() is called after either has changed. */
export function preparePrefs(onChange) {
  const wished = recall("language") ?? (navigator.languages ?? [navigator.language]).map((one) => one.slice(0, 2)).find((one) => one in languages);
  setLanguage(wished ?? "en");
  options(byId("language"), Object.entries(languages), language());
  fillThemes();
  byId("language").addEventListener("change", (event) => {
    remember("language", event.target.value);
    setLanguage(event.target.value);
    fillThemes();
    onChange();
  });
  byId("theme").addEventListener("change", (event) => {
    remember("theme", event.target.value);
    applyTheme(event.target.value);
    onChange();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", onChange);
}

function fillThemes() {
  const kept = document.documentElement.dataset.theme ?? "system";
  options(byId("theme"), THEMES.map((name) => [name, say(name)]), kept);
}

function applyTheme(name) {
  if (name === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
}
