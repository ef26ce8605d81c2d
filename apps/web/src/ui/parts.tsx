// The few building blocks that every screen uses, over React Aria's accessible primitives.
import { type ReactNode, useState } from "react"
import {
  Button as AriaButton,
  type ButtonProps as AriaButtonProps,
  Dialog,
  FieldError,
  Heading,
  Input,
  Label,
  Modal,
  ModalOverlay,
  Text,
  TextField,
  type TextFieldProps,
} from "react-aria-components"
import { text } from "../messages.ts"
import { Icon, type IconName } from "./icon.tsx"

export interface ButtonProps extends Omit<AriaButtonProps, "className" | "children"> {
  readonly look?: "plain" | "main" | "quiet" | "danger"
  readonly icon?: IconName
  readonly children?: ReactNode
  readonly testId?: string
}

export function Button({ look = "plain", icon, children, testId, ...rest }: ButtonProps) {
  return (
    <AriaButton {...rest} className={`button ${look}`} data-testid={testId}>
      {icon === undefined ? null : <Icon name={icon} />}
      {children}
    </AriaButton>
  )
}

/** A button that is only a drawing; `label` is its name. */
export function IconButton({
  icon,
  label,
  testId,
  ...rest
}: Omit<AriaButtonProps, "className" | "children"> & { icon: IconName; label: string; testId?: string }) {
  return (
    <AriaButton {...rest} className="icon-button" aria-label={label} data-testid={testId}>
      <Icon name={icon} />
    </AriaButton>
  )
}

export interface FieldProps extends Omit<TextFieldProps, "className" | "children"> {
  readonly label: string
  readonly hint?: string | undefined
  readonly problem?: string | undefined
  readonly testId?: string
  readonly mono?: boolean
  readonly placeholder?: string
  readonly spellCheck?: "true" | "false"
}

export function Field({ label, hint, problem, testId, mono = false, placeholder, ...rest }: FieldProps) {
  return (
    <TextField {...rest} validationBehavior="aria" className="field" isInvalid={problem !== undefined}>
      <Label>{label}</Label>
      <Input
        className={mono ? "input mono" : "input"}
        data-testid={testId}
        {...(placeholder === undefined ? {} : { placeholder })}
      />
      {hint === undefined ? null : (
        <Text slot="description" className="hint">
          {hint}
        </Text>
      )}
      <FieldError className="field-problem">{problem}</FieldError>
    </TextField>
  )
}

/** A sentence about something that failed. Announced at once. */
export function Problem({ children }: { children: string | undefined }) {
  if (children === undefined || children === "") return null
  return (
    <p className="problem" role="alert" data-testid="problem">
      <Icon name="warning" />
      <span>{children}</span>
    </p>
  )
}

/** A window over the page. Escape and a press outside close it, unless it is busy. */
export function Popup(props: {
  title: string
  isOpen: boolean
  onClose: () => void
  busy?: boolean
  wide?: boolean
  testId?: string
  role?: "dialog" | "alertdialog"
  children: ReactNode
}) {
  return (
    <ModalOverlay
      className="overlay"
      isOpen={props.isOpen}
      onOpenChange={(open) => {
        if (!open) props.onClose()
      }}
      isDismissable={props.busy !== true}
      isKeyboardDismissDisabled={props.busy === true}
    >
      <Modal className={props.wide === true ? "popup wide" : "popup"}>
        <Dialog className="popup-body" role={props.role ?? "dialog"} data-testid={props.testId}>
          <div className="popup-head">
            <Heading slot="title" level={2}>
              {props.title}
            </Heading>
            <IconButton icon="close" label={text.close} onPress={props.onClose} isDisabled={props.busy === true} />
          </div>
          {props.children}
        </Dialog>
      </Modal>
    </ModalOverlay>
  )
}

/** Asks before something that matters. */
export function Confirm(props: {
  title: string
  isOpen: boolean
  onClose: () => void
  onConfirm: () => void
  confirm: string
  danger?: boolean
  busy?: boolean
  problem?: string | undefined
  children: ReactNode
}) {
  return (
    <Popup
      title={props.title}
      isOpen={props.isOpen}
      onClose={props.onClose}
      busy={props.busy ?? false}
      role="alertdialog"
      testId="confirm"
    >
      <div className="stack">
        {props.children}
        <Problem>{props.problem}</Problem>
        <div className="row end">
          <Button onPress={props.onClose} isDisabled={props.busy ?? false}>
            {text.cancel}
          </Button>
          <Button
            look={props.danger === true ? "danger" : "main"}
            onPress={props.onConfirm}
            isPending={props.busy ?? false}
            testId="confirm-yes"
          >
            {props.confirm}
          </Button>
        </div>
      </div>
    </Popup>
  )
}

export function CopyButton({ value, label = text.copy, testId }: { value: string; label?: string; testId?: string }) {
  const [copied, setCopied] = useState(false)
  return (
    <Button
      {...(testId === undefined ? {} : { testId })}
      onPress={async () => {
        await navigator.clipboard.writeText(value).catch(() => undefined)
        setCopied(true)
        setTimeout(() => setCopied(false), 2_000)
      }}
    >
      <span aria-live="polite">{copied ? text.copied : label}</span>
    </Button>
  )
}

/** Up to two initials on one of a few quiet colours, the same for the same id everywhere. */
export function Avatar({ id, name, small = false }: { id: string; name: string; small?: boolean }) {
  const words = name.split(/\s+/u).filter((word) => word !== "")
  const initials = [words[0], words.length > 1 ? words.at(-1) : undefined]
    .map((word) => [...(word ?? "")][0] ?? "")
    .join("")
  const tone = Number.parseInt(id.slice(0, 2), 16) % 6
  return (
    <span className={`avatar tone-${Number.isNaN(tone) ? 0 : tone}${small ? " small" : ""}`} aria-hidden="true">
      {initials.toLocaleUpperCase("en-GB")}
    </span>
  )
}

/** A code for reading aloud or comparing, in groups. */
export function Code({ children, testId, large = false }: { children: string; testId?: string; large?: boolean }) {
  return (
    <code className={large ? "code large" : "code"} data-testid={testId}>
      {children}
    </code>
  )
}
