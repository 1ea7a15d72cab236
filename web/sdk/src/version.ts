/** Version of this SDK; equals `version` of `package.json` (a test compares them). */
export const VERSION = "1.0.0";
