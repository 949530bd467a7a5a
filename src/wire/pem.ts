/** Whether a text that should be a path is a PEM: it may hold a private key, so it is never quoted. */
export const isPem = (text: string) => text.includes("-----BEGIN") || /[\r\n]/.test(text);
