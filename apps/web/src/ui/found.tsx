import type { FoundOptions } from "@holdfast/client"
import { useState } from "react"
import { Form, Label, Radio, RadioGroup, Text } from "react-aria-components"
import { text } from "../messages.ts"
import { fittingQuorum, possibleQuorums } from "../state/keeper-choice.ts"
import { relayAddress } from "../state/relay-address.ts"
import { guessDeviceLabel } from "./device-label.ts"
import { Button, Field, IconButton, Problem } from "./parts.tsx"
import { type ChosenPassphrase, PassphraseFields, passphraseProblem } from "./passphrase-fields.tsx"
import { QuorumChoice } from "./quorum-choice.tsx"
import { useAction } from "./session.tsx"
import { Entrance } from "./welcome.tsx"

interface Person {
  readonly key: number
  readonly name: string
}

export function Found(props: { code: string; onBack: () => void; onFound: (options: FoundOptions) => Promise<void> }) {
  const [code, setCode] = useState(props.code)
  const [organisation, setOrganisation] = useState("")
  const [name, setName] = useState("")
  const [device, setDevice] = useState(guessDeviceLabel)
  const [passphrase, setPassphrase] = useState<ChosenPassphrase>({ first: "", again: "" })
  const [several, setSeveral] = useState(false)
  const [others, setOthers] = useState<readonly Person[]>([
    { key: 0, name: "" },
    { key: 1, name: "" },
  ])
  const [chosen, setChosen] = useState(2)
  const [tried, setTried] = useState(false)

  const people = [
    text.found.you(name.trim()),
    ...others.map((person, at) => person.name.trim() || text.found.keeperName(at + 2)),
  ]
  const needed = fittingQuorum(people.length, chosen)
  const missing = (value: string) => (tried && value.trim() === "" ? text.found.missing : undefined)
  const everyName = [name, ...others.map((person) => person.name)].map((each) => each.trim().toLocaleLowerCase("en-GB"))
  const sameNames = several && new Set(everyName).size < everyName.length && !everyName.includes("")
  const ready =
    [code, organisation, name, device, ...(several ? others.map((person) => person.name) : [])].every(
      (value) => value.trim() !== "",
    ) &&
    passphraseProblem(passphrase) === undefined &&
    (!several || possibleQuorums(people.length).length > 0) &&
    !sameNames

  const action = useAction(async () =>
    props.onFound({
      relay: relayAddress(),
      hostingCode: code.trim(),
      organisation: organisation.trim(),
      name: name.trim(),
      passphrase: passphrase.first,
      deviceLabel: device.trim(),
      keepers: several ? others.map((person) => person.name.trim()) : [],
      needed: several ? needed : 1,
    }),
  )
  const rename = (key: number, value: string) =>
    setOthers(others.map((person) => (person.key === key ? { key, name: value } : person)))

  return (
    <Entrance title={text.found.title} onBack={props.onBack}>
      <Form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          setTried(true)
          if (ready) void action.run()
        }}
      >
        {props.code !== "" ? null : (
          <Field
            label={text.found.hostingCode}
            hint={text.found.hostingHint}
            value={code}
            onChange={setCode}
            problem={missing(code)}
            autoComplete="off"
            spellCheck="false"
            mono
            testId="hosting-code"
          />
        )}
        <Field
          label={text.found.organisation}
          hint={text.found.organisationHint}
          value={organisation}
          onChange={setOrganisation}
          problem={missing(organisation)}
          maxLength={80}
          autoComplete="off"
          testId="found-organisation"
        />
        <Field
          label={text.found.yourName}
          hint={text.found.yourNameHint}
          value={name}
          onChange={setName}
          problem={missing(name)}
          maxLength={80}
          autoComplete="off"
          testId="your-name"
        />
        <Field
          label={text.found.device}
          hint={text.found.deviceHint}
          value={device}
          onChange={setDevice}
          problem={missing(device)}
          maxLength={40}
          autoComplete="off"
          testId="device-label"
        />

        <RadioGroup
          className="options"
          value={several ? "several" : "alone"}
          onChange={(value) => setSeveral(value === "several")}
        >
          <Label className="section-label">{text.found.who}</Label>
          <Text slot="description" className="hint">
            {text.found.whoHint}
          </Text>
          <Radio value="alone" className="option" data-testid="keepers-alone">
            <strong>{text.found.alone}</strong>
            <small>{text.found.aloneHint}</small>
          </Radio>
          <Radio value="several" className="option" data-testid="keepers-several">
            <strong>{text.found.several}</strong>
            <small>{text.found.severalHint}</small>
          </Radio>
        </RadioGroup>
        {!several ? null : (
          <div className="stack inset">
            <p>
              <span className="label">{text.found.keeperName(1)}</span>: {people[0]}
            </p>
            {others.map((person, at) => (
              <div className="row top" key={person.key}>
                <Field
                  label={text.found.keeperName(at + 2)}
                  value={person.name}
                  onChange={(value) => rename(person.key, value)}
                  problem={missing(person.name)}
                  maxLength={80}
                  autoComplete="off"
                  testId={`keeper-${at}`}
                />
                {others.length <= 2 ? null : (
                  <IconButton
                    icon="close"
                    label={text.found.removeKeeper(person.name)}
                    onPress={() => setOthers(others.filter(({ key }) => key !== person.key))}
                  />
                )}
              </div>
            ))}
            {others.length >= 8 ? null : (
              <div>
                <Button
                  icon="plus"
                  onPress={() => setOthers([...others, { key: (others.at(-1)?.key ?? 0) + 1, name: "" }])}
                  testId="add-keeper"
                >
                  {text.found.addKeeper}
                </Button>
              </div>
            )}
            {sameNames && tried ? <Problem>{text.found.sameNames}</Problem> : null}
            <QuorumChoice people={people} needed={chosen} onChange={setChosen} />
            <p className="hint">{text.found.until}</p>
          </div>
        )}

        <PassphraseFields value={passphrase} onChange={setPassphrase} tried={tried} />
        <Problem>{action.problem}</Problem>
        <Button look="main" type="submit" isPending={action.busy} testId="found-submit">
          {action.busy ? text.found.busy : text.found.submit}
        </Button>
      </Form>
    </Entrance>
  )
}
