// What our cards say in another language than they should. The words are a module that the page has loaded already, so
// they are imported by the address that it has them from.
async ([language, others]) => {
    const loaded = performance.getEntriesByType("resource").map(one => one.name);
    const { wordsFor, KEYS } = await import(loaded.find(name => name.endsWith("/words.js")));
    const own = new Set(KEYS.map(key => wordsFor(language)(key)));
    const all = others.flatMap(other => KEYS.map(key => wordsFor(other)(key)));
    const foreign = new Set(all.filter(text => !own.has(text)));
    const said = [];
    for (const card of ["pbx-phone-card", "pbx-office-card", "pbx-popup"])
        for (const root of find(document, card))
            for (const element of root.shadowRoot.querySelectorAll("*")) {
                const texts = [...element.childNodes].filter(node => node.nodeType === Node.TEXT_NODE).map(node => node.data);
                said.push(...texts, ...["aria-label", "title", "placeholder"].map(name => element.getAttribute(name) ?? ""));
            }
    function* find(root, name) {
        for (const element of root.querySelectorAll("*")) {
            if (element.localName === name && element.checkVisibility()) yield element;
            if (element.shadowRoot) yield* find(element.shadowRoot, name);
        }
    }
    return [...new Set(said)].filter(text => text.split(" · ").some(part => foreign.has(part)));
}
