// How everything looks: by the variables of Home Assistant's themes, so that it is light or dark as they are.

const CSS = `
:host { display: block; --good: var(--success-color, #43a047); --bad: var(--error-color, #db4437);
  --ring: var(--warning-color, #ffa600); --held: var(--info-color, #039be5); --quiet: var(--secondary-text-color);
  --line: var(--divider-color, rgba(127, 127, 127, .3)); --accent: var(--primary-color);
  color: var(--primary-text-color); font-family: var(--ha-font-family-body, inherit); }
:host([hidden]), [hidden] { display: none !important; }
* { box-sizing: border-box; }
ha-card { height: 100%; container-type: inline-size; }
.content { padding: 16px; display: flex; flex-direction: column; gap: 16px; }
h2, h3 { margin: 0; font-weight: 500; line-height: 1.3; }
h2 { font-size: var(--ha-font-size-xl, 20px); } h3 { font-size: var(--ha-font-size-l, 16px); }
ul { list-style: none; margin: 0; padding: 0; }
.quiet { color: var(--quiet); } .small { font-size: var(--ha-font-size-s, 12px); }
.away { color: var(--primary-text-color); border-inline-start: 4px solid var(--ring); padding: 8px 12px; border-radius: 4px;
  background: color-mix(in srgb, var(--ring) 14%, transparent); }
.error { color: var(--primary-text-color); border-inline-start: 4px solid var(--bad); padding: 8px 12px; border-radius: 4px;
  background: color-mix(in srgb, var(--bad) 14%, transparent); }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
button, input, select { font: inherit; color: inherit; }
.button { min-height: 44px; min-width: 44px; padding: 0 10px; border: 0; border-radius: 22px; cursor: pointer; gap: 6px;
  display: inline-flex; align-items: center; justify-content: center; line-height: 1.2;
  background: color-mix(in srgb, var(--primary-text-color) 8%, transparent); --mdc-icon-size: 22px; }
.button:hover { background: color-mix(in srgb, var(--primary-text-color) 16%, transparent); }
.button.good { background: #2e7d32; color: #fff; } .button.good:hover { background: #1b5e20; }
.button.bad { background: #c62828; color: #fff; } .button.bad:hover { background: #8e0000; }
.button.bad.soft { background: color-mix(in srgb, var(--primary-text-color) 8%, transparent); color: var(--bad); }
.button.bad.soft:hover { background: #c62828; color: #fff; }
.button[aria-pressed="true"], .button[aria-expanded="true"].on { background: color-mix(in srgb, var(--accent) 30%, transparent); }
.button.warn[aria-pressed="true"] { background: #c62828; color: #fff; }
.button.set { background: color-mix(in srgb, var(--ring) 34%, transparent); }
.button[aria-disabled="true"] { opacity: .5; cursor: default; }
.button span { padding-inline-end: 4px; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.head { display: flex; align-items: center; gap: 8px 12px; flex-wrap: wrap; }
.head > .who { flex: 1 1 140px; min-width: 0; overflow-wrap: anywhere; }
.state { display: inline-flex; align-items: center; gap: 6px; }
.dot { width: 10px; height: 10px; border-radius: 50%; background: var(--dot, var(--quiet)); flex: none; }
[data-state] { --dot: var(--quiet); }
[data-state="active"] { --dot: var(--good); }
[data-state="held"] { --dot: var(--held); }
[data-state="ringing_incoming"], [data-state="ringing_outgoing"], [data-state="dialing"] { --dot: var(--ring); }
[data-state="busy"], [data-state="releasing"] { --dot: var(--bad); }
.calls { display: flex; flex-direction: column; gap: 8px; }
.call { border: 1px solid var(--line); border-inline-start: 4px solid var(--dot); border-radius: 10px; padding: 10px 12px; }
.call[draggable="true"] { cursor: grab; }
.call .top { display: flex; justify-content: space-between; gap: 12px; align-items: baseline; }
.call .party { font-weight: 500; overflow-wrap: anywhere; } .timer { font-variant-numeric: tabular-nums; white-space: nowrap; }
.call > .actions .button { flex: 1 1 44px; max-width: 88px; } .call > .actions .button:has(span) { flex: 1 1 110px; max-width: 200px; }
.actions { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 10px; } .actions:empty { display: none; }
.panel { margin-top: 10px; padding-top: 10px; border-top: 1px solid var(--line); display: flex; flex-direction: column; gap: 8px; }
.target { outline: 2px dashed transparent; outline-offset: -2px; } .target.over { outline-color: var(--accent); }
.field { position: relative; display: flex; gap: 8px; align-items: stretch; }
.field input, select { flex: 1; min-width: 0; min-height: 44px; padding: 0 12px; border: 1px solid var(--line); border-radius: 8px;
  background: color-mix(in srgb, var(--primary-text-color) 4%, transparent); }
select { max-width: 100%; }
option { color: initial; }
.keys { display: grid; grid-template-columns: repeat(3, minmax(56px, 96px)); gap: 8px; justify-content: center; }
.keys .button { flex-direction: column; gap: 0; min-height: 52px; font-size: 20px; border-radius: 14px; }
.keys small { font-size: 10px; letter-spacing: .1em; color: var(--quiet); min-height: 12px; text-transform: uppercase; }
.people { display: flex; flex-direction: column; max-height: 240px; overflow: auto; }
.person { display: flex; gap: 8px; justify-content: space-between; align-items: center; padding: 10px 12px; min-height: 44px; border-radius: 8px; cursor: pointer; }
.person:hover, .person[aria-selected="true"] { background: color-mix(in srgb, var(--accent) 20%, transparent); }
.person .name { overflow-wrap: anywhere; display: flex; gap: 8px; align-items: center; }
.lines { display: flex; flex-direction: column; gap: 16px; } .one-line { display: flex; flex-direction: column; gap: 10px; }
.one-line + .one-line { border-top: 1px solid var(--line); padding-top: 16px; }
.chips { display: flex; flex-wrap: wrap; gap: 8px; } .chips .button { min-height: 40px; padding: 0 14px; }
.bar { display: flex; flex-wrap: wrap; gap: 8px; } .bar .field { flex: 1 1 220px; } .bar select { flex: 0 1 200px; }
.board { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 280px), 1fr)); gap: 8px; }
.row { display: flex; align-items: center; gap: 10px; border: 1px solid var(--line); border-radius: 10px; padding: 6px 6px 6px 12px; min-height: 62px; }
.row .who { flex: 1; min-width: 0; } .row .name { font-weight: 500; overflow-wrap: anywhere; }
.row .what { color: var(--quiet); font-size: var(--ha-font-size-s, 13px); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.row[data-state="ringing_incoming"] { border-color: var(--ring); background: color-mix(in srgb, var(--ring) 12%, transparent); }
.row[data-state="active"] { border-color: color-mix(in srgb, var(--good) 60%, transparent); }
.row.stale { opacity: .6; } .row .do { display: flex; gap: 6px; } .row ha-icon.mark { --mdc-icon-size: 18px; color: var(--bad); flex: none; }
.row ha-icon.mark.forward { color: var(--ring); }
.pages { display: flex; justify-content: center; align-items: center; gap: 12px; }
@container (max-width: 420px) { .content { padding: 12px; } .actions .button { padding: 0 8px; } .call > .actions .button:has(span) { max-width: none; } }
@media (prefers-reduced-motion: no-preference) {
  .row[data-state="ringing_incoming"] > .dot, .call[data-state="ringing_incoming"] > .state > .dot { animation: ring 1.2s ease-in-out infinite; }
  @keyframes ring { 50% { opacity: .25; } }
}
`;

const POPUP = `
:host { position: fixed; inset: auto 16px 16px auto; z-index: 8; max-width: min(420px, calc(100vw - 32px)); width: 420px; padding: 0;
  margin: 0; border: 0; background: none; overflow: visible; }
:host(:not(:popover-open)) { display: none; }
.pop { background: var(--ha-card-background, var(--card-background-color, #fff)); border: 2px solid var(--ring); border-radius: 16px;
  padding: 16px; box-shadow: 0 8px 32px rgba(0, 0, 0, .4); display: flex; flex-direction: column; gap: 12px; }
.pop + .pop { margin-top: 8px; } .pop .party { font-size: 20px; font-weight: 500; overflow-wrap: anywhere; }
.pop .actions { margin: 0; } .pop .actions .button { flex: 1 1 auto; }
@media (max-width: 500px) { :host { inset: auto 8px 8px 8px; width: auto; max-width: none; } }
`;

function sheet(text) {
  const made = new CSSStyleSheet();
  made.replaceSync(text);
  return made;
}

export const STYLE = sheet(CSS);
export const POPUP_STYLE = sheet(POPUP);
