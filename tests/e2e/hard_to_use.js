// Of all that is visible of our cards: words that are hard to tell from what is behind them, by the contrast that WCAG
// asks for, through everything that is see-through; and buttons that are too small for a finger.
() => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const luminance = colours => {
        context.clearRect(0, 0, 1, 1);
        for (const colour of colours) { context.fillStyle = colour; context.fillRect(0, 0, 1, 1); }
        const [red, green, blue] = [...context.getImageData(0, 0, 1, 1).data].map(part => part / 255)
            .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const contrast = element => {
        const behind = [];
        for (let one = element; one; one = one.parentElement ?? one.getRootNode().host)
            behind.unshift(getComputedStyle(one).backgroundColor);
        const both = [luminance(behind), luminance([...behind, getComputedStyle(element).color])];
        const [dark, bright] = both.sort((one, other) => one - other);
        return (bright + 0.05) / (dark + 0.05);
    };
    const found = [];
    let words = 0, buttons = 0;
    const look = (root, ours) => {
        for (const element of root.querySelectorAll("*")) {
            if (element.shadowRoot) look(element.shadowRoot, element.localName.startsWith("pbx-"));
            if (!ours || !element.checkVisibility()) continue;
            const { width, height } = element.getBoundingClientRect();
            const texts = [...element.childNodes].filter(node => node.nodeType === Node.TEXT_NODE);
            const text = texts.map(node => node.data.trim()).join("");
            if (text && element.localName !== "option" && !element.classList.contains("unseen")) {
                words += 1;
                const measured = contrast(element);
                if (measured < 4.5) found.push(`${text}: a contrast of ${measured.toFixed(1)}`);
            }
            if (element.localName !== "button") continue;
            buttons += 1;
            if (Math.min(width, height) < 40) found.push(`${element.ariaLabel ?? text}: ${width} x ${height} pixels`);
        }
    };
    look(document, false);
    return { found, words, buttons };
}
