/* Behaviour of the shell. Everything here makes a page nicer; no page needs it to work.
   Strings come from the JSON block #ui-strings so that they are translated with the page. */
(() => {
  "use strict";

  const root = document.documentElement;
  root.classList.add("js");

  const strings = JSON.parse(document.getElementById("ui-strings")?.textContent || "{}");
  const say = (key, values = {}) =>
    (strings[key] || key).replace(/%\((\w+)\)s/g, (_, name) => values[name] ?? "");
  const $ = (selector, from = document) => from.querySelector(selector);

  const iconBase = $("meta[name=icons]")?.content || "";
  function icon(name, extra = "") {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", `icon ${extra}`.trim());
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `${iconBase}#${name}`);
    svg.append(use);
    return svg;
  }

  /* Times: the server wrote the text; keep it true while the page stays open. */
  function relative(then, now) {
    const seconds = Math.round((then - now) / 1000);
    const past = seconds <= 0;
    const size = Math.abs(seconds);
    if (size < 45) return say("now");
    const [unit, n] =
      size < 3570 ? ["minutes", Math.round(size / 60)] :
      size < 86400 ? ["hours", Math.round(size / 3600)] :
      ["days", Math.round(size / 86400)];
    return say(`${past ? "ago" : "in"}_${unit}`, { n });
  }

  function refreshTimes(from = document) {
    const now = Date.now();
    for (const time of from.querySelectorAll("time[data-relative]")) {
      const then = Date.parse(time.dateTime);
      if (Math.abs(then - now) > 30 * 86400e3) continue;
      time.textContent = relative(then, now);
    }
  }
  setInterval(refreshTimes, 30_000);
  document.addEventListener("visibilitychange", () => document.hidden || refreshTimes());

  /* Toasts. A response may ask for one with the header HX-Trigger: {"toast": {"text": ..., "tone": ...}}. */
  const toneIcons = { success: "circle-check", danger: "alert-circle", warning: "alert-triangle", info: "info-circle" };
  function toast(text, tone = "success") {
    const region = $("#toasts");
    if (!region || !text) return;
    const box = document.createElement("div");
    box.className = `toast tone-${tone}`;
    const words = document.createElement("span");
    words.textContent = text;
    const close = document.createElement("button");
    close.type = "button";
    close.className = "copy";
    close.setAttribute("aria-label", say("close"));
    close.append(icon("x"));
    close.addEventListener("click", () => box.remove());
    box.append(icon(toneIcons[tone] || "info-circle"), words, close);
    region.append(box);
    if (tone !== "danger") setTimeout(() => box.remove(), 6000);
  }
  document.addEventListener("toast", (event) => {
    const detail = event.detail || {};
    toast(detail.text ?? detail.value, detail.tone);
  });

  /* Copy: <button data-copy="text"> or data-copy-from="#id". */
  async function copy(button) {
    const source = button.dataset.copyFrom && $(button.dataset.copyFrom);
    const text = source ? source.value ?? source.innerText : button.dataset.copy;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      area.className = "visually-hidden";
      (button.closest("dialog") || document.body).append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      button.focus();
      if (!done) return toast(say("copy_failed"), "warning");
    }
    button.classList.add("is-done");
    const use = $("use", button);
    const before = use?.getAttribute("href");
    use?.setAttribute("href", `${iconBase}#check`);
    announce(say("copied"));
    setTimeout(() => {
      button.classList.remove("is-done");
      if (before) use.setAttribute("href", before);
    }, 1600);
  }

  function announce(text) {
    const live = $("#live");
    if (live) live.textContent = text;
  }

  /* Dialogs: <a href="/the-page/" data-dialog="#id"> opens the dialog; without this script the link leads to the page. */
  function openDialog(dialog) {
    if (!dialog || dialog.open) return;
    dialog.showModal();
    $("[autofocus], input:not([type=hidden]), textarea, select", dialog)?.focus();
  }

  document.addEventListener("click", (event) => {
    const target = event.target;
    const copyButton = target.closest("[data-copy], [data-copy-from]");
    if (copyButton) return void copy(copyButton);

    const opener = target.closest("[data-dialog]");
    if (opener && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      const dialog = $(opener.dataset.dialog);
      if (dialog) {
        event.preventDefault();
        opener.closest("details.menu")?.removeAttribute("open");
        return openDialog(dialog);
      }
    }
    const closer = target.closest("[data-dialog-close]");
    if (closer) {
      const dialog = closer.closest("dialog");
      if (dialog) {
        event.preventDefault();
        return dialog.close();
      }
    }
    if (target instanceof HTMLDialogElement && target.open) {
      const box = target.getBoundingClientRect();
      const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
      if (!inside) target.close();
    }
    const reveal = target.closest("[data-reveal]");
    if (reveal) {
      const field = $(reveal.dataset.reveal);
      const hidden = field.type === "password";
      field.type = hidden ? "text" : "password";
      reveal.setAttribute("aria-pressed", String(hidden));
    }
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(target)) menu.open = false;
    }
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
    const all = event.target.closest("[data-check-all]");
    if (all) {
      for (const box of document.querySelectorAll(all.dataset.checkAll)) box.checked = all.checked;
    }
  });

  /* Drop zones: a plain file input that also accepts a drop and lists what was chosen. */
  function fileSize(bytes) {
    if (bytes < 1024) return `${bytes} B`;
    const kib = bytes / 1024;
    return kib < 1024 ? `${kib.toFixed(kib < 10 ? 1 : 0)} KB` : `${(kib / 1024).toFixed(1)} MB`;
  }

  function listFiles(zone, input) {
    const list = $("[data-drop-files]", zone);
    if (!list) return;
    list.replaceChildren(
      ...Array.from(input.files, (file) => {
        const item = document.createElement("li");
        item.className = "tag";
        item.textContent = `${file.name} · ${fileSize(file.size)}`;
        return item;
      }),
    );
    const limit = Number(zone.dataset.maxBytes || 0);
    const total = Array.from(input.files).reduce((sum, file) => sum + file.size, 0);
    input.setCustomValidity(limit && total > limit ? say("too_large", { limit: fileSize(limit) }) : "");
    if (input.validationMessage) input.reportValidity();
  }

  function enhanceDrop(zone) {
    const input = $("input[type=file]", zone);
    if (!input || zone.dataset.ready) return;
    zone.dataset.ready = "1";
    let depth = 0;
    const over = (on) => zone.classList.toggle("is-over", on);
    zone.addEventListener("dragenter", (event) => { event.preventDefault(); depth += 1; over(true); });
    zone.addEventListener("dragover", (event) => event.preventDefault());
    zone.addEventListener("dragleave", () => { depth = Math.max(0, depth - 1); over(depth > 0); });
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      depth = 0;
      over(false);
      const files = event.dataTransfer?.files;
      if (!files?.length) return;
      const chosen = new DataTransfer();
      for (const file of input.multiple ? files : [files[0]]) chosen.items.add(file);
      input.files = chosen.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    });
    input.addEventListener("change", () => listFiles(zone, input));
  }

  /* Autosave: <form data-autosave hx-post=...> with <span data-autosave-status class="autosave">. */
  function autosave(form, state) {
    const status = $("[data-autosave-status]", form) || $(`[data-autosave-status="${form.id}"]`);
    if (!status) return;
    status.dataset.state = state;
    const at = new Date().toLocaleTimeString(root.lang || undefined, {
      hour: "2-digit", minute: "2-digit", timeZone: root.dataset.timezone || undefined,
    });
    status.textContent = say(`autosave_${state}`, { time: at });
  }

  /* Keyboard: "/" opens the palette, "?" opens the map; any element may carry data-key="g h" or data-key="j". */
  const typing = (element) => element.closest("input, textarea, select, [contenteditable]");
  let sequence = "";
  let forget = 0;
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const menu = event.target.closest?.("details.menu[open]") || $("details.menu[open]");
      if (menu) {
        menu.open = false;
        $("summary", menu).focus();
      }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if ($("dialog[open]")) return;
    if (event.key === "/" && window.portal.openPalette) {
      event.preventDefault();
      return window.portal.openPalette();
    }
    if (event.key === "?") {
      event.preventDefault();
      return openDialog($("#keymap"));
    }
    if (event.key.length !== 1) return;
    clearTimeout(forget);
    forget = setTimeout(() => { sequence = ""; }, 1200);
    sequence = `${sequence} ${event.key}`.trim().split(" ").slice(-2).join(" ");
    const bound = $(`[data-key="${CSS.escape(sequence)}"]`) || $(`[data-key="${CSS.escape(event.key)}"]`);
    if (!bound) return;
    event.preventDefault();
    sequence = "";
    if (bound.matches("input, select, textarea")) bound.focus();
    else bound.click();
  });

  /* htmx: say when the connection is lost, and that it is back. */
  const offline = $("#offline");
  const connection = (up) => {
    if (!offline || offline.hidden === up) return;
    offline.hidden = up;
    announce(say(up ? "back_online" : "offline"));
    if (up) document.body.dispatchEvent(new CustomEvent("reconnected"));
  };
  addEventListener("offline", () => connection(false));
  addEventListener("online", () => connection(true));
  document.addEventListener("htmx:sendError", (event) => {
    connection(false);
    const form = event.target.closest?.("form[data-autosave]");
    if (form) autosave(form, "failed");
  });
  document.addEventListener("htmx:timeout", () => connection(false));

  /* Live parts (data-live) rest while nobody looks, and are not swapped from under somebody who is in them: what is typed
     stays, an open menu stays, and a link or button with an id gets the focus back (htmx does that). What was unfolded or
     scrolled sideways is so again afterwards. */
  const isLive = (event) => event.detail.requestConfig?.elt?.matches("[data-live]");
  function isChanged(field) {
    if (field.matches("select")) {
      const options = [...field.options];
      return options.some((option) => option.defaultSelected)
        ? options.some((option) => option.selected !== option.defaultSelected)
        : field.selectedIndex > 0;
    }
    return field.matches("[type=checkbox], [type=radio]") ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
  }
  function isHeld(part) {
    const focus = document.activeElement;
    if (part.contains(focus) && (!focus.id || typing(focus))) return true;
    // A menu beside the part comes along out of band.
    if (part.querySelector("dialog[open]") || $("main details.menu[open]")) return true;
    return [...part.querySelectorAll("textarea, select, input:not([type=hidden])")].some(isChanged);
  }
  const nameOf = (element) => element.id || element.querySelector("summary")?.textContent.trim();
  let kept = null;
  function keep() {
    const unfolded = [...document.querySelectorAll("details")].map((details) => [nameOf(details), details.open]);
    const scrolled = [...document.querySelectorAll("[data-keeps-scroll]")].map((box) => [box.id, box.scrollLeft]);
    kept = { unfolded: new Map(unfolded), scrolled };
  }
  function giveBack() {
    if (!kept) return;
    for (const details of document.querySelectorAll("details")) details.open = kept.unfolded.get(nameOf(details)) ?? details.open;
    for (const [id, left] of kept.scrolled) {
      const box = document.getElementById(id);
      if (box) box.scrollLeft = left;
    }
    kept = null;
  }
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && isLive(event)) event.preventDefault();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!event.detail.requestConfig?.elt?.matches("[data-live], [data-careful]")) return;
    if (isHeld(event.detail.target)) event.detail.shouldSwap = false;
    else if (event.detail.shouldSwap) keep();
  });
  document.addEventListener("htmx:afterSwap", giveBack);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) document.body.dispatchEvent(new CustomEvent("reconnected"));
  });

  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.target.closest?.("form[data-autosave]");
    if (form) autosave(form, "saving");
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const { xhr } = event.detail;
    if (!xhr?.status) return;
    connection(true);
    const form = event.target.closest?.("form[data-autosave]");
    if (form) autosave(form, xhr.status < 400 ? "saved" : "failed");
  });
  document.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    if (event.target.closest?.("[data-quiet]")) return;
    const key = [401, 403, 404, 409, 429].includes(status) ? `error_${status}` : "error";
    toast(say(key), "danger");
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const modal = event.detail.target?.closest?.("dialog");
    if (modal && event.detail.target.childElementCount) openDialog(modal);
  });

  /* What takes longer than a moment shows on top of the page (the style sheet waits 300 ms); quiet parts do not. */
  let running = 0;
  const isQuiet = (event) => event.target.closest?.("[data-quiet], form[data-autosave]");
  const busy = (by) => {
    running = Math.max(0, running + by);
    root.classList.toggle("is-busy", running > 0);
  };
  document.addEventListener("htmx:beforeSend", (event) => isQuiet(event) || busy(1));
  document.addEventListener("htmx:afterRequest", (event) => isQuiet(event) || busy(-1));
  document.addEventListener("submit", (event) => {
    if (!event.defaultPrevented && event.target.method !== "dialog" && !event.target.target) busy(1);
  });
  addEventListener("pageshow", (event) => event.persisted && busy(-running));

  function enhance(from) {
    for (const zone of from.querySelectorAll("[data-drop]")) enhanceDrop(zone);
    refreshTimes(from);
  }
  document.addEventListener("htmx:load", (event) => enhance(event.detail.elt));
  enhance(document);

  window.portal = { toast, icon, say, openDialog };
})();
