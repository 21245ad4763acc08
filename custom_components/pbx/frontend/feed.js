// The lines that a card is for, pushed by the integration for as long as the card is on the page.

const LONGEST_PAUSE = 10_000;

/**
 * @typedef {{name: string | null, number: string | null, anonymous: boolean}} Party
 * @typedef {{id: string, state: string, direction: string, parties: Party[], called: string | null, started_at: number | null,
 *   answered_at: number | null, recording: string | null, actions: string[]}} Call
 * @typedef {{key: string, entry: string, place: number, name: string, number: string | null, area: string | null, state: string, can: string[],
 *   shows_calls: boolean, do_not_disturb: boolean | null, forward: {condition: string, target: string, number: string | null} | null,
 *   forward_number: string, calls: Call[]}} Line
 */

export class Feed {
  /** @type {Map<string, Line>} */
  lines = new Map();
  /** @type {Record<string, {title: string, online: boolean, hides_callers: boolean}>} */
  entries = {};
  /** Whether what stands here is what Home Assistant says now. */
  live = false;
  /** Whether anything was ever heard. */
  heard = false;
  #offset = 0;
  #onChange;
  #connection = null;
  #wanted = "";
  #unsubscribe = null;
  #timer = 0;
  #pause = 500;
  #turn = 0;

  /** @param {() => void} onChange called after every change */
  constructor(onChange) {
    this.#onChange = onChange;
  }

  /** The time by Home Assistant's clock, in seconds. */
  get now() {
    return Date.now() / 1000 + this.#offset;
  }

  /** Whether the PBX of a line can be reached. */
  online(line) {
    return this.live && this.entries[line.entry]?.online === true;
  }

  /** Look at these lines, over this connection. Nothing happens if that is so already. */
  start(connection, names) {
    const wanted = JSON.stringify(names);
    if (connection === this.#connection && wanted === this.#wanted) return;
    this.stop();
    this.#connection = connection;
    this.#wanted = wanted;
    connection.addEventListener("ready", this.#onReady);
    connection.addEventListener("disconnected", this.#onDisconnected);
    this.#subscribe();
  }

  stop() {
    this.#turn += 1;
    clearTimeout(this.#timer);
    this.#connection?.removeEventListener("ready", this.#onReady);
    this.#connection?.removeEventListener("disconnected", this.#onDisconnected);
    if (this.live || this.#unsubscribe !== null) this.#unsubscribe?.();
    this.#unsubscribe = null;
    this.#connection = null;
    this.live = false;
  }

  #onReady = () => {
    this.#pause = 500;
    this.#subscribe();
  };

  #onDisconnected = () => {
    // What was subscribed to is gone with the connection; to end it there would be an error.
    this.#turn += 1;
    clearTimeout(this.#timer);
    this.#unsubscribe = null;
    this.live = false;
    this.#onChange();
  };

  // The connection's own renewal of subscriptions gives up where the integration is not loaded yet, as it is for some
  // seconds after a restart of Home Assistant. So we try until it is.
  async #subscribe() {
    const turn = (this.#turn += 1);
    clearTimeout(this.#timer);
    const connection = this.#connection;
    const heard = (message) => {
      if (turn === this.#turn) this.#take(message);
    };
    try {
      const end = await connection.subscribeMessage(
        heard,
        { type: "pbx/card/subscribe", lines: JSON.parse(this.#wanted) },
        { resubscribe: false },
      );
      if (turn === this.#turn) this.#unsubscribe = () => end().catch(() => {});
      else if (connection.connected) end().catch(() => {});
    } catch {
      if (turn !== this.#turn) return;
      this.live = false;
      this.#onChange();
      this.#timer = setTimeout(() => this.#subscribe(), this.#pause);
      this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
    }
  }

  #take(message) {
    this.#offset = message.now - Date.now() / 1000;
    if (message.whole) {
      this.lines.clear();
      this.entries = message.entries;
    }
    for (const [key, line] of Object.entries(message.lines)) this.lines.set(key, { ...line, key });
    this.live = true;
    this.heard = true;
    this.#onChange();
  }

  /** The lines in the places that they are named in, those of one place by name. */
  sorted() {
    return [...this.lines.values()].sort((one, other) =>
      one.place - other.place || one.name.localeCompare(other.name) || one.key.localeCompare(other.key));
  }
}

/** How long something has lasted: 0:07, 12:34, 1:02:03. */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** Carry out a command for a line. The error's words are translated where they can be. */
export async function command(hass, line, name, fields = {}) {
  try {
    await hass.connection.sendMessagePromise({ type: "pbx/card/command", line, command: name, ...fields });
  } catch (error) {
    throw new Error(await words(hass, error));
  }
}

/** Find people to call. */
export async function search(hass, line, text) {
  return hass.connection.sendMessagePromise({ type: "pbx/card/search", line, text });
}

async function words(hass, error) {
  if (error?.translation_key && error.translation_domain) {
    const localize = (await hass.loadBackendTranslation?.("exceptions", error.translation_domain)) ?? hass.localize;
    const path = `component.${error.translation_domain}.exceptions.${error.translation_key}.message`;
    const text = localize(path, error.translation_placeholders ?? {});
    if (text) return text;
  }
  return error?.message ?? String(error);
}
