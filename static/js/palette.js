/* The command palette: a combobox over a list that the server renders. Ctrl/Cmd-K or "/" opens it. */
(() => {
  "use strict";

  const dialog = document.getElementById("palette");
  if (!dialog) return;
  const input = dialog.querySelector("[role=combobox]");
  const list = dialog.querySelector("[role=listbox]");
  const options = () => [...list.querySelectorAll("a[role=option]")];

  function choose(option) {
    for (const each of options()) each.setAttribute("aria-selected", String(each === option));
    if (!option) return input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  function move(by) {
    const all = options();
    if (!all.length) return;
    const at = all.findIndex((each) => each.getAttribute("aria-selected") === "true");
    choose(all[(at + by + all.length) % all.length]);
  }

  function open() {
    if (dialog.open) return dialog.close();
    if (document.querySelector("dialog[open]")) return;
    dialog.showModal();
    input.select();
    isEntered = false;
    list.setAttribute("aria-busy", "true");
    input.dispatchEvent(new Event("opened"));
  }

  /* What this page itself offers: its tabs and its buttons, as options before the rest. */
  function offersOfThisPage() {
    const wanted = input.value.trim().toLowerCase();
    const links = document.querySelectorAll(".page-actions a[href], .tabs a[href]:not([aria-current])");
    const listed = new Set(options().map((option) => option.href));
    return [...links]
      .map((link) => [link, link.textContent.trim().toLowerCase()])
      .filter(([link, words]) => !listed.has(link.href) && words.includes(wanted))
      .sort(([, words], [, others]) => others.startsWith(wanted) - words.startsWith(wanted))
      .map(([link]) => link)
      .slice(0, 8);
  }

  function addOffers() {
    const offers = offersOfThisPage();
    if (!offers.length) return;
    const group = document.createElement("div");
    const label = document.createElement("div");
    label.className = "palette__group";
    label.id = "palette-here";
    label.setAttribute("role", "presentation");
    label.textContent = portal.say("on_this_page");
    group.setAttribute("role", "group");
    group.setAttribute("aria-labelledby", label.id);
    group.append(label, ...offers.map((link, at) => {
      const option = document.createElement("a");
      const title = document.createElement("span");
      option.className = "palette__option";
      option.id = `palette-here-${at}`;
      option.href = link.href;
      option.tabIndex = -1;
      option.setAttribute("role", "option");
      title.className = "palette__title truncate";
      title.textContent = link.textContent.trim().replace(/\s+/g, " ");
      option.append(portal.icon("arrow-right", "icon--along"), title);
      return option;
    }));
    const wanted = input.value.trim().toLowerCase();
    const first = offers[0].textContent.trim().toLowerCase().startsWith(wanted) ? list.firstElementChild : null;
    list.insertBefore(group, first);
    list.querySelector(".palette__none")?.remove();
  }

  /* Enter before the answer is there means the first of what will come; without an answer, the page of results. */
  let isEntered = false;

  function enter(event) {
    const chosen = list.querySelector("[aria-selected=true]");
    isEntered = false;
    if (!chosen) return input.form.requestSubmit();
    chosen.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, ctrlKey: event?.ctrlKey, metaKey: event?.metaKey }));
    dialog.close();
  }

  list.addEventListener("htmx:afterSwap", (event) => {
    addOffers();
    choose(options()[0]);
    list.scrollTop = 0;
    // An answer to what stood there before is shown and not taken for the one that is waited for.
    if (new URL(event.detail.xhr.responseURL).searchParams.get("q") !== input.value) return;
    list.setAttribute("aria-busy", "false");
    if (isEntered) enter();
  });

  input.addEventListener("keydown", (event) => {
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in moves) {
      event.preventDefault();
      move(moves[event.key]);
    } else if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      if (list.getAttribute("aria-busy") !== "true") return enter(event);
      isEntered = true;
      setTimeout(() => {
        if (isEntered) input.form.requestSubmit();
        isEntered = false;
      }, 3000);
    } else if (event.key === "Escape") {
      event.preventDefault();
      dialog.close();
    }
  });
  input.addEventListener("input", () => {
    isEntered = false;
    list.setAttribute("aria-busy", "true");
  });
  list.addEventListener("pointermove", (event) => {
    const option = event.target.closest("a[role=option]");
    if (option && option.getAttribute("aria-selected") !== "true") choose(option);
  });

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open();
    }
  });
  for (const field of document.querySelectorAll("[data-search]")) {
    field.addEventListener("mousedown", (event) => {
      event.preventDefault();
      open();
    });
  }

  window.portal.openPalette = open;
})();
