"use strict";

// Theme: system, then light, then dark; remembered where the browser allows it.
(() => {
  const themes = ["system", "light", "dark"];
  const button = document.getElementById("theme");
  const recall = () => { try { return localStorage.getItem("mtlaws-theme"); } catch { return null; } };
  const remember = (theme) => { try { localStorage.setItem("mtlaws-theme", theme); } catch { /* private mode */ } };
  const apply = (theme) => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.textContent = `Theme: ${theme}`;
    button.dataset.current = theme;
  };
  apply(themes.includes(recall()) ? recall() : "system");
  button.hidden = false;
  button.addEventListener("click", () => {
    const next = themes[(themes.indexOf(button.dataset.current) + 1) % themes.length];
    apply(next);
    remember(next);
  });
})();

// Filters over the table of theorems.
(() => {
  const form = document.getElementById("filters");
  const search = document.getElementById("filter-search");
  const selects = [...form.querySelectorAll("select")];
  const theorems = [...document.querySelectorAll("table.theorems > tbody")];
  const expand = document.getElementById("expand");

  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const theorem of theorems) {
      const matches = words.every((word) => theorem.dataset.search.includes(word))
        && selects.every((select) => !select.value || theorem.dataset[select.dataset.field] === select.value);
      theorem.hidden = !matches;
      shown += matches;
    }
    document.getElementById("count").textContent = `${shown} of ${theorems.length} shown`;
    document.getElementById("nothing").hidden = shown > 0;
  };

  // A filter with one choice is no choice.
  for (const select of selects) {
    if (select.dataset.field !== "expected" && select.options.length < 3) select.parentElement.hidden = true;
  }
  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
  expand.addEventListener("click", () => {
    const open = expand.getAttribute("aria-pressed") !== "true";
    for (const theorem of theorems) theorem.querySelector("details").open = open;
    expand.setAttribute("aria-pressed", String(open));
    expand.textContent = open ? "Close all details" : "Open all details";
  });
  filter();
})();

// Figures enlarge; Esc closes, as in every dialog.
(() => {
  const dialog = document.getElementById("enlarged");
  const image = dialog.querySelector("img");
  for (const button of document.querySelectorAll("button.zoom")) {
    button.addEventListener("click", () => {
      const picture = button.querySelector("img");
      image.src = picture.src;
      image.alt = picture.alt;
      dialog.querySelector("p").textContent = button.parentElement.querySelector("h4").textContent;
      dialog.showModal();
    });
  }
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
})();

// A link to a theorem opens its details; print shows them all.
(() => {
  const reveal = () => {
    let target = null;
    try { target = document.getElementById(decodeURIComponent(location.hash.slice(1))); } catch { /* odd hash */ }
    const details = target && target.matches("tbody") && target.querySelector("details");
    if (details) details.open = true;
  };
  addEventListener("hashchange", reveal);
  addEventListener("beforeprint", () => { for (const details of document.querySelectorAll("details")) details.open = true; });
  reveal();
})();
