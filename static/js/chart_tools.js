/* What a chart offers besides being looked at: a range chosen by mouse, finger or keyboard, and its figures and picture as
   files. charts.js calls this; the form of the page chooses a range without any script. */
(() => {
  "use strict";
  const say = window.portal?.say || ((key) => key);
  const least = 8; // px: less is a click, not a range

  /* The range goes into the address, so that it can be linked and "back" leads out of it. */
  function openRange(since, until, step) {
    if (until - since < step * 0.5) return;
    const address = new URL(location.href);
    address.searchParams.delete("window");
    address.searchParams.set("since", new Date(since * 1000).toISOString());
    address.searchParams.set("until", new Date(until * 1000).toISOString());
    location.assign(address);
  }
  const stepOf = (data) => (data.x.length > 1 ? data.x[1] - data.x[0] : 0);
  function openSelection(plot, data) {
    const { left, width } = plot.select;
    if (width >= least) openRange(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"), stepOf(data));
  }
  function select(plot, one, other) {
    const left = Math.min(one, other);
    plot.setSelect({ left, width: Math.abs(one - other), top: 0, height: plot.over.clientHeight }, false);
  }
  const unselect = (plot) => plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);

  function followFinger(plot, data) {
    const { over } = plot;
    let from = null;
    const place = (event) => {
      const box = over.getBoundingClientRect();
      return Math.min(Math.max(event.clientX - box.left, 0), box.width);
    };
    over.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "mouse") return; // uPlot does that
      from = place(event);
      over.setPointerCapture(event.pointerId);
    });
    over.addEventListener("pointermove", (event) => {
      if (from === null) return;
      plot.setCursor({ left: place(event), top: 0 });
      select(plot, from, place(event));
    });
    over.addEventListener("pointerup", () => {
      if (from === null) return;
      from = null;
      openSelection(plot, data);
      unselect(plot);
    });
    over.addEventListener("pointercancel", () => {
      from = null;
      unselect(plot);
    });
  }

  /* Arrows go from step to step, with Shift they choose a range, Enter opens it. */
  function followKeys(plot, data, { title, show }) {
    const { over } = plot;
    const last = data.x.length - 1;
    let at = last;
    let anchor = null;
    const left = (index) => plot.valToPos(data.x[index], "x");
    function tell() {
      plot.setCursor({ left: left(at), top: 0 });
      over.setAttribute("aria-valuenow", at);
      over.setAttribute("aria-valuetext", show(at));
      if (anchor === null) unselect(plot);
      else select(plot, left(anchor), left(at));
    }
    for (const [name, value] of Object.entries({ role: "slider", tabindex: 0, "aria-valuemin": 0, "aria-valuemax": last, "aria-valuenow": at, "aria-valuetext": show(null), "aria-label": `${title}. ${say("chart_keys")}` })) {
      over.setAttribute(name, value);
    }
    over.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: 10, PageDown: -10, Home: -last, End: last };
      if (event.key in steps) {
        anchor = event.shiftKey ? anchor ?? at : null;
        at = Math.min(Math.max(at + steps[event.key], 0), last);
      } else if (event.key === "Escape" && anchor !== null) anchor = null;
      else if (event.key === "Enter" && anchor !== null && anchor !== at) {
        return openRange(data.x[Math.min(anchor, at)], data.x[Math.max(anchor, at)], stepOf(data));
      } else return;
      event.preventDefault();
      tell();
    });
  }

  function save(blob, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }
  const fileName = (title, ending) => `${title.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 60) || "chart"}.${ending}`;

  function saveFigures(title, data) {
    // A spreadsheet must not take a label for a formula.
    const cell = (value) => `"${String(value ?? "").replace(/^(?=[=+\-@\t\r])/, typeof value === "number" ? "" : "'").replaceAll('"', '""')}"`;
    const rows = data.x.map((x, index) => [new Date(x * 1000).toISOString(), ...data.series.map((series) => series.values[index])]);
    const head = [say("chart_from"), ...data.series.map((series) => series.label)];
    const text = [head, ...rows].map((row) => row.map(cell).join(",")).join("\r\n");
    save(new Blob([text, "\r\n"], { type: "text/csv;charset=utf-8" }), fileName(title, "csv"));
  }

  function savePicture(title, data, { plot, token, colourOf }) {
    const ratio = devicePixelRatio;
    const font = getComputedStyle(document.body).fontFamily;
    const source = plot.ctx.canvas;
    const [pad, head, foot] = [16 * ratio, 44 * ratio, 32 * ratio];
    const canvas = document.createElement("canvas");
    canvas.width = source.width + 2 * pad;
    canvas.height = source.height + head + foot;
    const ctx = canvas.getContext("2d");
    ctx.fillStyle = token("surface");
    ctx.fillRect(0, 0, canvas.width, canvas.height);
    ctx.fillStyle = token("text");
    ctx.font = `600 ${14 * ratio}px ${font}`;
    ctx.fillText(title, pad, 28 * ratio);
    ctx.drawImage(source, pad, head);
    ctx.font = `${12 * ratio}px ${font}`;
    let left = pad;
    data.series.forEach((series, index) => {
      const y = canvas.height - 14 * ratio;
      ctx.fillStyle = colourOf(series, index);
      ctx.fillRect(left, y - 5 * ratio, 16 * ratio, 3 * ratio);
      ctx.fillStyle = token("text-muted");
      ctx.fillText(series.label, left + 22 * ratio, y);
      left += ctx.measureText(series.label).width + 42 * ratio;
    });
    canvas.toBlob((blob) => save(blob, fileName(title, "png")), "image/png");
  }

  function button(text, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "btn btn--quiet btn--sm";
    made.textContent = text;
    made.addEventListener("click", () => act(made));
    return made;
  }

  /* The place of a last step that has not ended yet, or -1; asked once, so that all of a drawing agrees. */
  function fillingStep(figure, data) {
    const last = data.x.length - 1;
    const isFilling = figure.dataset.filling !== undefined && last > 0 && data.x[last] + stepOf(data) > Date.now() / 1000;
    return isFilling ? last : -1;
  }
  /* Each series up to that step, and from the one before to it; no second lines where no step fills. */
  const wholeLines = ({ series, filling }) => series.map(({ values }) => values.map((value, index) => (index === filling ? null : value)));
  function fillingLines({ series, filling }) {
    return filling < 0 ? [] : series.map(({ values }) => values.map((value, index) => (index >= filling - 1 ? value : null)));
  }

  /* The buttons beside a chart's title. */
  function addTools(figure, data, picture) {
    const caption = figure.querySelector("figcaption");
    const title = caption?.textContent.trim() || "";
    const table = figure.querySelector("[data-chart-table]") || figure.querySelector("table");
    const tools = document.createElement("span");
    tools.className = "chart__tools";
    if (table) {
      const toggle = button("", () => set(table.hidden));
      const set = (open) => {
        table.hidden = !open;
        toggle.setAttribute("aria-expanded", String(open));
        toggle.textContent = say(open ? "hide_table" : "show_table");
      };
      set(false);
      tools.append(toggle);
    }
    for (const [key, act] of [["csv", () => saveFigures(title, data)], ["png", () => savePicture(title, data, picture())]]) {
      const made = button(key.toUpperCase(), act);
      made.setAttribute("aria-label", say(`save_${key}`, { title }));
      tools.append(made);
    }
    (caption || figure).append(tools);
    return title;
  }

  window.portal.chartTools = { openSelection, followFinger, followKeys, addTools, fillingStep, wholeLines, fillingLines };
})();
