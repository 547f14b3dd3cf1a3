/* The review workbench: the place that its views share, and going through it by keyboard. Everything also works without. */
(() => {
  "use strict";

  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
  const typing = (element) => element.closest?.("input, textarea, select, [contenteditable]");

  /* Links to the other views follow the place: a node, or a line of a source. */
  function keepPlace(file, pointer, line) {
    for (const link of $$("a[data-keeps-place]")) {
      const address = new URL(link.href);
      for (const name of ["file", "at", "line"]) address.searchParams.delete(name);
      if (file) address.searchParams.set("file", file);
      if (pointer) address.searchParams.set("at", pointer);
      else if (line) address.searchParams.set("line", line);
      address.hash = "here";
      link.href = address.href;
    }
  }
  function placed(element) {
    const node = element.closest?.("[data-place]");
    if (node) return keepPlace(node.dataset.file || "", node.dataset.place, 0);
    const row = element.closest?.("[data-line-row]");
    if (row) keepPlace(row.closest("[data-source]").dataset.source, "", row.dataset.lineRow);
  }
  document.addEventListener("focusin", (event) => placed(event.target));
  document.addEventListener("toggle", (event) => { if (event.target.open) placed(event.target); }, true);

  const source = document.querySelector("[data-source]");
  if (source) {
    let waits = 0;
    addEventListener("scroll", () => {
      clearTimeout(waits);
      waits = setTimeout(() => {
        const box = source.getBoundingClientRect();
        const row = document.elementFromPoint(box.left + box.width / 2, 220)?.closest("[data-line-row]");
        if (row) placed(row);
      }, 150);
    }, { passive: true });
  }

  /* A form that is fetched for a folded node would not be seen. */
  document.addEventListener("click", (event) => {
    const folded = event.target.closest?.(".nodetree [data-comment]")?.closest("li")?.querySelector(":scope > details");
    if (folded) folded.open = true;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const form = event.detail.elt?.matches?.("form.thread-form") ? event.detail.elt : event.detail.elt?.querySelector?.("form.thread-form");
    form?.querySelector("textarea[name=body]")?.focus();
    // What was written became a thread: the keyboard goes on from there.
    if (document.activeElement === document.body) $$(".htmx-added details.thread > summary, details.thread.htmx-added > summary")[0]?.focus({ preventScroll: true });
  });

  /* Steps: what j and k go through on this page. */
  const visible = (element) => element.checkVisibility?.() ?? element.offsetParent !== null;
  const steps = () => $$("[data-step], .nodetree__row, tr.has-finding, tr.margin .thread, .stack > .thread").filter(visible);
  const handle = (step) => (step.matches("details") ? step.querySelector("summary") : step);
  function current() {
    const list = steps();
    const focus = document.activeElement;
    const at = list.findLastIndex((step) => step === focus || step.contains(focus));
    return { list, at };
  }
  function go(by) {
    const { list, at } = current();
    const next = list[at < 0 ? (by > 0 ? 0 : list.length - 1) : at + by];
    if (!next) return;
    const target = handle(next);
    if (target.tabIndex < 0 && !target.hasAttribute("tabindex")) target.tabIndex = -1;
    target.focus({ preventScroll: true });
    target.scrollIntoView({ block: "center" });
  }
  function fold(open) {
    const details = document.activeElement.closest?.("details");
    if (!details) return false;
    if (open === false && !details.open) {
      details.parentElement.closest("details")?.querySelector(":scope > summary")?.focus();
      return true;
    }
    details.open = open ?? !details.open;
    if (open === false) details.querySelector(":scope > summary")?.focus();
    return true;
  }
  function press(selector) {
    const { list, at } = current();
    const step = at < 0 ? null : list[at];
    const around = [step, document.activeElement.closest?.("tr, li, .maker__field")].filter(Boolean);
    const offered = around.flatMap((one) => $$(selector, one)).filter(visible);
    // A comment on an operation is on all of it, wherever its parameters stand.
    const found = offered.find((one) => one.dataset.comment && one.dataset.comment === step?.dataset.place) || offered[0];
    found?.click();
    return Boolean(found);
  }
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && event.target.matches?.("textarea")) {
      event.preventDefault();
      event.target.form.requestSubmit();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
    const opens = document.dir !== "rtl";
    const deeds = {
      j: () => (go(1), true),
      k: () => (go(-1), true),
      o: () => fold(),
      m: () => press("[data-comment]"),
      e: () => press("[data-viewed]"),
      c: () => press("[data-claim]"),
      ArrowRight: () => event.target.closest?.(".nodetree") && fold(opens),
      ArrowLeft: () => event.target.closest?.(".nodetree") && fold(!opens),
      ArrowDown: () => event.target.closest?.(".nodetree") && (go(1), true),
      ArrowUp: () => event.target.closest?.(".nodetree") && (go(-1), true),
    };
    if (deeds[event.key]?.()) {
      event.preventDefault();
      event.stopPropagation();
    }
  });

  /* The place that the address names takes the focus, so that the keyboard goes on from there. */
  const here = location.hash === "#here" && document.getElementById("here");
  if (here) {
    const target = here.matches("summary") ? here : here.querySelector("summary, .nodetree__row, a[data-line]") || here.closest("tr")?.querySelector("a[data-line]") || here;
    target.focus({ preventScroll: true });
    here.scrollIntoView({ block: "center" });
  }
})();
