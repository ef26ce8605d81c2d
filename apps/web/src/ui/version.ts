import app from "../../package.json" with { type: "json" }

export const version: string = app.version
