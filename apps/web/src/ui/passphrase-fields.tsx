import { text } from "../messages.ts"
import { minimumPassphraseCharacters, strengthOf } from "../state/passphrase.ts"
import { Field } from "./parts.tsx"

export interface ChosenPassphrase {
  readonly first: string
  readonly again: string
}

/** Why this pair cannot be used, or undefined. */
export function passphraseProblem({ first, again }: ChosenPassphrase): "short" | "differ" | undefined {
  if ([...first].length < minimumPassphraseCharacters) return "short"
  return first === again ? undefined : "differ"
}

export function PassphraseFields(props: {
  value: ChosenPassphrase
  onChange: (value: ChosenPassphrase) => void
  /** Problems are shown once somebody has tried to go on. */
  tried: boolean
}) {
  const { value, onChange, tried } = props
  const problem = tried ? passphraseProblem(value) : undefined
  const strength = strengthOf(value.first)
  return (
    <div className="stack">
      {/* without this, browsers take the last name on the page for the account's and write it down in clear */}
      <input type="text" autoComplete="username" value={text.product} readOnly hidden />
      <Field
        label={text.passphrase.choose}
        type="password"
        autoComplete="new-password"
        value={value.first}
        onChange={(first) => onChange({ ...value, first })}
        hint={text.passphrase.hint}
        problem={problem === "short" ? text.passphrase.short(minimumPassphraseCharacters) : undefined}
        testId="passphrase"
      />
      {value.first === "" ? null : (
        <div className={`strength ${strength}`} role="status" aria-label={text.passphrase.strengthLabel}>
          <span className="strength-bar" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          {text.passphrase.strength[strength]}
        </div>
      )}
      <Field
        label={text.passphrase.again}
        type="password"
        autoComplete="new-password"
        value={value.again}
        onChange={(again) => onChange({ ...value, again })}
        problem={problem === "differ" ? text.passphrase.differ : undefined}
        testId="passphrase-again"
      />
      <p className="hint">{text.passphrase.why}</p>
    </div>
  )
}
