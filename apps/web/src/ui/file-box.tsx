import type { Attachment } from "@holdfast/client"
import { useEffect, useRef, useState } from "react"
import { ProgressBar } from "react-aria-components"
import { gatherFile, saveFile } from "../downloads/save-file.ts"
import { bytesOf, text } from "../messages.ts"
import { pickedFileOf } from "../state/picked-file.ts"
import { Icon } from "./icon.tsx"
import { Button, Problem } from "./parts.tsx"
import { useAction, useSession } from "./session.tsx"

/** Kinds that browsers show as pictures without running anything that is in them. */
const pictureTypes = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"])
const largestPicture = 24 * 1_048_576

export function isPicture(file: Attachment): boolean {
  return pictureTypes.has(file.type) && file.size <= largestPicture
}

export function FileBox({ message, file, own }: { message: string; file: Attachment; own: boolean }) {
  const { client } = useSession()
  const { transfer } = file
  const picture = isPicture(file)
  const saving = useAction(() => saveFile(client, { message, name: file.name, size: file.size }))
  // somebody who presses "Download" wants the file, not a second button once it is here
  const wanted = useRef(false)
  const fetching = useAction(async () => {
    wanted.current = !picture
    await client.fetchFile(message)
  })
  const retrying = useAction((chosen?: File) => retry(chosen))
  const cancelling = useAction(() => client.cancelTransfer(message))
  const again = useRef<HTMLInputElement>(null)

  async function retry(chosen?: File): Promise<void> {
    await client.retryTransfer(message, chosen === undefined ? undefined : await pickedFileOf(chosen))
  }
  const save = saving.run
  useEffect(() => {
    if (transfer.state !== "here" || !wanted.current) return
    wanted.current = false
    void save()
  })

  const moving = transfer.state === "preparing" || transfer.state === "uploading" || transfer.state === "downloading"
  return (
    <div className="file" data-testid="file" data-state={transfer.state} data-name={file.name}>
      {picture && transfer.state === "here" ? <Picture message={message} file={file} /> : null}
      <div className="file-row">
        <Icon name="file" size={24} />
        <div className="file-words">
          <p className="file-name">{file.name}</p>
          <p className="hint" data-testid="file-state">
            {words(file)}
          </p>
        </div>
        <div className="file-actions">
          {transfer.state === "remote" ? (
            <Button onPress={() => void fetching.run()} isPending={fetching.busy} testId="file-fetch">
              {picture ? text.file.show : text.file.download}
            </Button>
          ) : null}
          {transfer.state === "here" ? (
            <Button onPress={() => void saving.run()} isPending={saving.busy} testId="file-save">
              {saving.busy ? text.file.saving : text.file.save}
            </Button>
          ) : null}
          {moving ? (
            <Button onPress={() => void cancelling.run()} isPending={cancelling.busy} testId="file-cancel">
              {text.file.cancel}
            </Button>
          ) : null}
          {transfer.state === "failed" ? (
            <Button onPress={() => void retrying.run()} isPending={retrying.busy} testId="file-retry">
              {text.file.retry}
            </Button>
          ) : null}
        </div>
      </div>
      {moving ? (
        <ProgressBar
          className="progress"
          aria-label={text.file.progress(file.name)}
          value={file.size === 0 ? 0 : (transfer.doneBytes / file.size) * 100}
        >
          {({ percentage }) => <progress max={100} value={percentage ?? 0} aria-hidden="true" />}
        </ProgressBar>
      ) : null}
      <Problem>{transfer.state === "failed" ? (transfer.sentence ?? text.file.failed) : undefined}</Problem>
      <Problem>{fetching.problem ?? saving.problem ?? cancelling.problem ?? retrying.problem}</Problem>
      {transfer.state === "failed" && own ? (
        <div>
          <Button look="quiet" onPress={() => again.current?.click()}>
            {text.file.chooseAgain}
          </Button>
          <input
            ref={again}
            type="file"
            hidden
            data-testid="file-again"
            onChange={(event) => {
              const chosen = event.target.files?.[0]
              event.target.value = ""
              if (chosen !== undefined) void retrying.run(chosen)
            }}
          />
        </div>
      ) : null}
    </div>
  )
}

function words(file: Attachment): string {
  const total = bytesOf(file.size)
  const done = bytesOf(file.transfer.doneBytes)
  switch (file.transfer.state) {
    case "preparing":
      return `${total} · ${text.file.preparing}`
    case "uploading":
      return text.file.uploading(done, total)
    case "downloading":
      return text.file.downloading(done, total)
    case "here":
      return text.file.here(total)
    default:
      return text.file.remote(total)
  }
}

/** The picture itself, from bytes on this device. Its place is kept free from the start, so that nothing jumps. */
function Picture({ message, file }: { message: string; file: Attachment }) {
  const { client } = useSession()
  const [url, setUrl] = useState<string | null>(null)
  useEffect(() => {
    let made: string | undefined
    let gone = false
    gatherFile(client, message, file.size)
      .then((parts) => {
        if (gone) return
        made = URL.createObjectURL(new Blob(parts as BlobPart[], { type: file.type }))
        setUrl(made)
      })
      .catch(() => undefined)
    return () => {
      gone = true
      if (made !== undefined) URL.revokeObjectURL(made)
    }
  }, [client, message, file.size, file.type])
  const { width = 320, height = 240 } = file
  return (
    <div className="picture">
      {url === null ? (
        <svg
          className="picture-room"
          viewBox={`0 0 ${width} ${height}`}
          width={width}
          height={height}
          aria-hidden="true"
        />
      ) : (
        <a href={url} target="_blank" rel="noopener">
          <img src={url} alt={text.file.picture(file.name)} width={width} height={height} data-testid="picture" />
        </a>
      )}
    </div>
  )
}
