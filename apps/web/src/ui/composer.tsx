import type { Conversation } from "@holdfast/client"
import { type ClipboardEvent, type DragEvent, type KeyboardEvent, useEffect, useRef, useState } from "react"
import { bytesOf, text } from "../messages.ts"
import { titleOf } from "../state/conversation-words.ts"
import { draftOf, keepDraft } from "../state/drafts.ts"
import { type ChosenFile, largestFile, pickedFileOf, prepareFile } from "../state/picked-file.ts"
import { Icon } from "./icon.tsx"
import { Button, IconButton, Problem } from "./parts.tsx"
import { useAction, useSession } from "./session.tsx"

/** UTF-8 bytes of one message. */
const longestText = 32_768

interface Chosen extends ChosenFile {
  readonly key: number
}
let keys = 0

export function Composer({ conversation }: { conversation: Conversation }) {
  const { client, vault } = useSession()
  const place = `${vault}/${conversation.id}`
  const [words, setWords] = useState(() => draftOf(place))
  const [files, setFiles] = useState<readonly Chosen[]>([])
  const [refusal, setRefusal] = useState<string | undefined>(undefined)
  const [dragging, setDragging] = useState(false)
  const area = useRef<HTMLTextAreaElement>(null)
  const chooser = useRef<HTMLInputElement>(null)

  useEffect(() => keepDraft(place, words), [place, words])
  useEffect(() => {
    // with a keyboard one starts to write; on a touch screen this would bring up the keyboard over what one wants to read
    if (matchMedia("(pointer: fine)").matches) area.current?.focus({ preventScroll: true })
  }, [])

  const send = useAction(async () => {
    const caption = words.trim()
    if (new TextEncoder().encode(caption).length > longestText) {
      setRefusal(text.conversation.tooLong)
      return
    }
    const going = files
    setWords("")
    setFiles([])
    setRefusal(undefined)
    let written = false
    try {
      if (going.length === 0) {
        if (caption !== "") await client.sendText(conversation.id, caption)
        return
      }
      for (const { file } of going) {
        await client.sendFile(conversation.id, await pickedFileOf(file), written ? "" : caption)
        written = true
        setFiles((left) => left.filter((each) => each.file !== file))
      }
    } catch (error) {
      // what did not get through is put back where it was
      if (!written) setWords((now) => (now === "" ? caption : now))
      throw error
    } finally {
      area.current?.focus()
    }
  })

  async function add(list: readonly File[]): Promise<void> {
    setRefusal(undefined)
    area.current?.focus()
    for (const file of list) {
      if (file.size > largestFile) setRefusal(text.problem.tooLarge)
      else if (file.size === 0) setRefusal(text.problem.emptyFile)
      else {
        keys += 1
        const chosen = { key: keys, ...(await prepareFile(file)) }
        setFiles((before) => [...before, chosen])
      }
    }
  }
  const keepDetails = (key: number) =>
    setFiles(files.map((each) => (each.key === key ? { ...each, file: each.original, details: "none" } : each)))
  const empty = words.trim() === "" && files.length === 0
  const submit = () => {
    if (!empty) void send.run()
  }
  function onKeyDown(event: KeyboardEvent): void {
    // during composition Enter belongs to the keyboard of the writer's language
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    submit()
  }
  function onPaste(event: ClipboardEvent): void {
    if (event.clipboardData.files.length === 0) return
    event.preventDefault()
    void add([...event.clipboardData.files])
  }
  const drag = (over: boolean) => (event: DragEvent) => {
    if (!event.dataTransfer.types.includes("Files")) return
    event.preventDefault()
    setDragging(over)
  }
  return (
    <form
      className={dragging ? "composer dragging" : "composer"}
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
      onDragOver={drag(true)}
      onDragLeave={drag(false)}
      onDrop={(event) => {
        drag(false)(event)
        void add([...event.dataTransfer.files])
      }}
    >
      {files.length === 0 ? null : (
        <ul className="chosen-files">
          {files.map(({ key, file, details }) => (
            <li key={key} data-testid="chosen-file">
              <Icon name="file" size={16} />
              <div className="chosen-words">
                <span className="file-name">{file.name}</span>
                <span className="hint">
                  {bytesOf(file.size)}
                  {details === "none" ? null : ` · ${text.file[details === "removed" ? "stripped" : "unstripped"]}`}
                </span>
                {details !== "removed" ? null : (
                  <Button look="quiet" onPress={() => keepDetails(key)} testId="keep-details">
                    {text.file.keepDetails}
                  </Button>
                )}
              </div>
              <IconButton
                icon="close"
                label={text.conversation.removeFile(file.name)}
                onPress={() => setFiles(files.filter((each) => each.key !== key))}
              />
            </li>
          ))}
        </ul>
      )}
      <Problem>{refusal ?? send.problem}</Problem>
      <div className="composer-row">
        <IconButton icon="attach" label={text.conversation.attach} onPress={() => chooser.current?.click()} />
        <input
          ref={chooser}
          type="file"
          multiple
          hidden
          data-testid="file-input"
          onChange={(event) => {
            void add([...(event.target.files ?? [])])
            event.target.value = ""
          }}
        />
        <div className="grow" data-words={words}>
          <textarea
            ref={area}
            rows={1}
            value={words}
            onChange={(event) => setWords(event.target.value)}
            onKeyDown={onKeyDown}
            onPaste={onPaste}
            placeholder={dragging ? text.conversation.drop : text.conversation.composer(titleOf(conversation))}
            aria-label={text.conversation.composer(titleOf(conversation))}
            aria-describedby="composer-hint"
            enterKeyHint="send"
            data-testid="composer"
          />
        </div>
        <IconButton icon="send" label={text.conversation.send} type="submit" isDisabled={empty} testId="send" />
      </div>
      <p className="unseen" id="composer-hint">
        {text.conversation.hint}
      </p>
    </form>
  )
}
