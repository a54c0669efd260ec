/** The version of Lab's half; a test holds it equal to that of the server's. */
export const VERSION = '0.1.0';
