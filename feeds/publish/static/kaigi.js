// Comfort only: every page reads and works without this file.
"use strict";

// The reader's own time zone, unless one was chosen.
if (!/(?:^|; )kaigi_zone=/.test(document.cookie)) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) document.cookie = `kaigi_zone=${zone}; path=/; max-age=31536000; samesite=lax`;
}

// Choosing a time zone needs no further press.
for (const select of document.querySelectorAll("select[data-submit]")) {
  select.addEventListener("change", () => select.form.submit());
  const button = select.form.querySelector("button");
  if (button) button.hidden = true;
}

// The filters stand open where there is room beside the list.
if (window.matchMedia("(min-width: 62rem)").matches) {
  for (const one of document.querySelectorAll("details[data-wide-open]")) one.open = true;
}

// Addresses are copied with one press.
for (const field of document.querySelectorAll("input.copy")) {
  field.addEventListener("focus", () => field.select());
}
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    const said = button.textContent;
    try {
      await navigator.clipboard.writeText(field.value);
      button.textContent = button.dataset.done;
    } catch {
      field.select();
    }
    setTimeout(() => { button.textContent = said; }, 1500);
  });
}
