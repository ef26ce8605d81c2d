import { parseAst } from "vite"

export interface Import {
  readonly specifier: string
  readonly line: number
  /** Gone when the types are stripped: nothing is loaded at run time. */
  readonly isType: boolean
  readonly isDynamic: boolean
}

export interface Name {
  readonly name: string
  readonly line: number
}

export interface Source {
  readonly imports: readonly Import[]
  /** Names used but not declared in the file: globals, at run time or as types. `globalThis.x` and `window.x` count as x. */
  readonly globals: readonly Name[]
  /** Every identifier and property name in code that is there at run time. */
  readonly names: readonly Name[]
  /** Places of the type `any`. */
  readonly anys: readonly number[]
  /** Places that load a module by a name that only the running program knows. */
  readonly computedImports: readonly number[]
}

interface Node {
  readonly type: string
  readonly start: number
  readonly [key: string]: unknown
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as Node).type === "string"
}

const globalObjects = new Set(["globalThis", "self", "window", "global"])

/** Throws on code that does not parse. */
export function parseSource(code: string, file: string): Source {
  const lang = /\.[cm]?tsx$/.test(file) ? "tsx" : "ts"
  const lineStarts = [0, ...[...code.matchAll(/\n/g)].map(({ index }) => index + 1)]
  const lineOf = (at: number) => lineStarts.findLastIndex((start) => start <= at) + 1
  const imports: Import[] = []
  const used: Name[] = []
  const names: Name[] = []
  const anys: number[] = []
  const computedImports: number[] = []
  const declared = new Set<string>()

  const addImport = (source: unknown, at: number, isType: boolean, isDynamic = false) => {
    if (isNode(source) && typeof source.value === "string") {
      imports.push({ specifier: source.value, line: lineOf(at), isType, isDynamic })
    } else computedImports.push(lineOf(at))
  }

  const declare = (pattern: unknown) => {
    if (!isNode(pattern)) return
    switch (pattern.type) {
      case "Identifier":
        declared.add(pattern.name as string)
        break
      case "ObjectPattern":
        for (const property of pattern.properties as Node[])
          declare(property.type === "Property" ? property.value : property)
        break
      case "ArrayPattern":
        for (const element of pattern.elements as unknown[]) declare(element)
        break
      case "AssignmentPattern":
        declare(pattern.left)
        break
      case "RestElement":
        declare(pattern.argument)
        break
      case "TSParameterProperty":
        declare(pattern.parameter)
    }
  }

  const children = (node: Node, isTypeOnly: boolean, except: readonly string[] = []) => {
    for (const [key, value] of Object.entries(node)) {
      if (except.includes(key)) continue
      if (Array.isArray(value)) for (const item of value) visit(item, isTypeOnly)
      else visit(value, isTypeOnly)
    }
  }

  function visit(node: unknown, isTypeOnly: boolean): void {
    if (!isNode(node)) return
    const inType = isTypeOnly || node.type.startsWith("TSType") || node.type === "TSInterfaceDeclaration"
    switch (node.type) {
      case "ImportDeclaration": {
        const specifiers = node.specifiers as Node[]
        for (const specifier of specifiers) declare(specifier.local)
        // `import { type A } from` still loads the module: only `import type` goes away as a whole.
        addImport(node.source, node.start, node.importKind === "type")
        for (const specifier of specifiers) {
          const isType = node.importKind === "type" || specifier.importKind === "type"
          const imported = specifier.imported
          if (!isType && isNode(imported))
            names.push({ name: String(imported.name ?? imported.value), line: lineOf(node.start) })
        }
        return
      }
      case "ExportNamedDeclaration":
      case "ExportAllDeclaration":
        if (node.source !== null && node.source !== undefined) {
          addImport(node.source, node.start, node.exportKind === "type")
          for (const specifier of (node.specifiers ?? []) as Node[]) {
            const local = specifier.local
            if (isNode(local) && node.exportKind !== "type" && specifier.exportKind !== "type") {
              names.push({ name: String(local.name ?? local.value), line: lineOf(specifier.start) })
            }
          }
          return
        }
        break
      case "ImportExpression":
        addImport(node.source, node.start, false, true)
        break
      case "TSImportType":
        addImport(isNode(node.source) ? node.source : node.argument, node.start, true)
        break
      case "TSAnyKeyword":
        anys.push(lineOf(node.start))
        return
      case "VariableDeclarator":
        declare(node.id)
        break
      case "FunctionDeclaration":
      case "FunctionExpression":
      case "ArrowFunctionExpression":
      case "TSDeclareFunction":
      case "TSFunctionType":
      case "TSMethodSignature":
        declare(node.id)
        for (const parameter of (node.params ?? []) as Node[]) declare(parameter)
        break
      case "ClassDeclaration":
      case "ClassExpression":
      case "TSInterfaceDeclaration":
      case "TSTypeAliasDeclaration":
      case "TSEnumDeclaration":
      case "TSModuleDeclaration":
        declare(node.id)
        break
      case "TSTypeParameter":
        declare(isNode(node.name) ? node.name : undefined)
        break
      case "CatchClause":
        declare(node.param)
        break
      case "MemberExpression": {
        visit(node.object, isTypeOnly)
        const { object, property } = node
        if (node.computed === true) visit(property, isTypeOnly)
        const name = isNode(property) ? (node.computed === true ? property.value : property.name) : undefined
        if (typeof name !== "string") return
        if (!inType) names.push({ name, line: lineOf(node.start) })
        if (isNode(object) && object.type === "Identifier" && globalObjects.has(object.name as string)) {
          used.push({ name, line: lineOf(node.start) })
        }
        return
      }
      case "Property":
      case "PropertyDefinition":
      case "MethodDefinition":
      case "TSPropertySignature":
      case "TSAbstractMethodDefinition":
        if (node.computed !== true) {
          const key = node.key
          if (!inType && isNode(key) && node.type !== "TSPropertySignature") {
            names.push({ name: String(key.name ?? key.value), line: lineOf(node.start) })
          }
          children(node, inType, ["key"])
          return
        }
        break
      case "LabeledStatement":
      case "BreakStatement":
      case "ContinueStatement":
        children(node, inType, ["label"])
        return
      case "TSQualifiedName":
        visit(node.left, inType)
        return
      case "JSXIdentifier":
        if (!inType) names.push({ name: node.name as string, line: lineOf(node.start) })
        return
      case "Identifier":
        if (!inType) names.push({ name: node.name as string, line: lineOf(node.start) })
        used.push({ name: node.name as string, line: lineOf(node.start) })
        visit(node.typeAnnotation, true)
        return
    }
    children(node, inType)
  }

  visit(parseAst(code, { lang }, file), false)
  return { imports, globals: used.filter(({ name }) => !declared.has(name)), names, anys, computedImports }
}
