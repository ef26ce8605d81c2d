// The package ships types but its package.json does not name them; these are the few calls we make.
declare module "better-sqlite3-multiple-ciphers" {
  interface Statement {
    run(...values: unknown[]): unknown
    all(...values: unknown[]): unknown[]
  }
  class Sqlite {
    constructor(file: string, options?: { timeout?: number })
    readonly inTransaction: boolean
    prepare(sql: string): Statement
    exec(sql: string): this
    pragma(sql: string): unknown
    close(): this
  }
  export default Sqlite
  export type { Statement }
}
