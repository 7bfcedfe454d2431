"use strict";
/* Runs before anything is painted: a page that is dark for a moment and then light would flash. */
(() => {
  let kept = null;
  try {
    kept = localStorage.getItem("vyraz.theme");
  } catch {
    // Storage may be forbidden; the system's choice is then what there is.
  }
  if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
})();
