// The portal's only script of its own: keys, the row cursor, dialogs, copying. Pages declare; this file acts.
//   data-rows on a list, data-row on its rows      J K move, X ticks, Enter opens
//   data-key="a" data-key-label="Accept"           the key clicks the control: in the cursor's row first, then in the page
//   data-opens="id" / data-closes                  a dialog is opened / the nearest one closed
//   data-copy="text"                               copies, and says so in the live region
//   data-submit-on-change                          a form or field that sends its form when changed
//   .btn[aria-busy]                                set here while its request is under way; .while-busy beside it is shown
(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector, root = document) => root.querySelector(selector);
  const say = (text) => { const live = one("#live"); if (live) live.textContent = text; };
  const seen = (element) => element && element.offsetParent !== null && element.getAttribute("aria-disabled") !== "true" && !element.disabled;
  const inField = (target) => target.closest("input:not([type=checkbox],[type=radio]), select, textarea, [contenteditable]");

  const rows = () => all("[data-rows] [data-row]").filter(seen);
  const cursor = () => one("[data-row].cursor");
  function moveTo(row) {
    all("[data-row].cursor").forEach((other) => { other.classList.remove("cursor"); other.removeAttribute("aria-current"); });
    if (!row) return;
    row.classList.add("cursor");
    row.setAttribute("aria-current", "true");
    row.scrollIntoView({ block: "nearest" });
    const focusable = one("a[href], button, input", row) || row;
    focusable.focus({ preventScroll: true });
  }
  function step(by) {
    const list = rows();
    const at = list.indexOf(cursor());
    if (list.length) moveTo(list[at < 0 ? (by > 0 ? 0 : list.length - 1) : Math.min(list.length - 1, Math.max(0, at + by))]);
  }
  function press(key) {
    const named = `[data-key="${CSS.escape(key)}"]`;
    const control = (cursor() && all(named, cursor()).find(seen)) || all(named).find(seen);
    if (!control) return false;
    if (control.matches("input:not([type=checkbox],[type=radio]), select, textarea")) control.focus(); else control.click();
    return true;
  }
  function showKeys() {
    const dialog = one("#keys"), list = dialog && one("[data-keys-list]", dialog);
    if (!list) return;
    const own = new Map(all("[data-key][data-key-label]").filter(seen).map((item) => [item.dataset.key, item.dataset.keyLabel]));
    list.replaceChildren(...[...own].map(([key, label]) => {
      const line = document.createElement("div"), name = document.createElement("dt"), what = document.createElement("dd"), cap = document.createElement("kbd");
      cap.textContent = key === " " ? "Space" : key.length === 1 ? key.toUpperCase() : key;
      name.append(cap);
      what.textContent = label;
      line.append(name, what);
      return line;
    }));
    if (!dialog.open) dialog.showModal();
  }

  const fixed = {
    "/": () => { const field = one("input[type=search]"); if (field) { field.focus(); field.select(); } return Boolean(field); },
    "?": () => { showKeys(); return true; },
    j: () => { step(1); return rows().length > 0; },
    k: () => { step(-1); return rows().length > 0; },
    x: () => { const box = cursor() && one("input[type=checkbox]", cursor()); if (box) box.click(); return Boolean(box); },
    Enter: (event) => {
      if (event.target.closest("a, button, input, summary, select")) return false;
      const link = cursor() && one("[data-open], a[href]", cursor());
      if (link) link.click();
      return Boolean(link);
    },
    Escape: () => { all("details.menu[open]").forEach((menu) => { menu.open = false; }); return false; },
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Escape" && inField(event.target)) { event.target.blur(); return; }
    if (inField(event.target) || (one("dialog[open]") && event.key !== "Escape")) return;
    if (event.key.length === 1 && document.body.dataset.keys === "off") return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if ((fixed[key] && fixed[key](event)) || (event.key.length === 1 && press(key))) event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]"), closer = event.target.closest("[data-closes]");
    const copier = event.target.closest("[data-copy]"), row = event.target.closest("[data-row]");
    if (opener) { const dialog = document.getElementById(opener.dataset.opens); if (dialog && !dialog.open) dialog.showModal(); }
    if (closer) closer.closest("dialog")?.close();
    if (copier) navigator.clipboard.writeText(copier.dataset.copy).then(() => say("Copied"));
    if (row && row !== cursor()) moveTo(row);
    all("details.menu[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
  });
  // Work that takes a while: the button pressed turns, takes no second press, and comes to rest when the answer is there.
  const busy = (button, is) => { if (button?.matches?.(".btn")) button[is ? "setAttribute" : "removeAttribute"]("aria-busy", "true"); };
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || event.target.method !== "post") return;
    if (event.submitter?.matches("[aria-busy=true]")) event.preventDefault(); else busy(event.submitter, true);
  });
  addEventListener("pageshow", () => all("[aria-busy=true]").forEach((button) => busy(button, false)));
  const pressed = (event) => event.detail.requestConfig.triggeringEvent?.submitter || event.detail.elt;
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (pressed(event).matches("[aria-busy=true]")) event.preventDefault(); else busy(pressed(event), true);
  });
  document.addEventListener("htmx:afterRequest", (event) => busy(pressed(event), false));

  document.addEventListener("change", (event) => {
    if (event.target.closest("[data-submit-on-change]")) event.target.form?.requestSubmit();
  });

  // The tab one is on is in sight, however narrow the window.
  all(".tabs [aria-current]").forEach((tab) => { const list = tab.closest(".tabs"); list.scrollLeft = tab.offsetLeft - list.offsetLeft - (list.clientWidth - tab.offsetWidth) / 2; });

  // After a swap: the cursor stays on its row, or goes to the row that took its place; a server's words are announced.
  let place = -1;
  document.addEventListener("htmx:beforeSwap", (event) => {
    place = rows().indexOf(cursor());
    if ([403, 409, 410, 422].includes(event.detail.xhr.status)) { event.detail.shouldSwap = true; event.detail.isError = false; }
    // A form in a dialog that changes the page behind it has done its work: what came of it is said there.
    const dialog = event.detail.requestConfig.elt.closest?.("form")?.closest("dialog[open]");
    if (dialog && event.detail.shouldSwap && !dialog.contains(event.detail.target)) dialog.close();
  });
  document.addEventListener("htmx:afterSettle", () => {
    const list = rows();
    if (place >= 0 && !cursor() && list.length) moveTo(list[Math.min(place, list.length - 1)]);
    place = -1;
  });
  document.addEventListener("htmx:responseError", () => say("That did not work. Nothing was changed. Try again, or load the page anew."));
  document.addEventListener("htmx:sendError", () => say("No connection. Nothing was changed."));
})();
