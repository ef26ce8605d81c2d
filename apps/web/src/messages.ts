// Every word that the interface says. Plain British English; the field's own term at most once, where it helps.

const list = new Intl.ListFormat("en-GB", { type: "conjunction" })
const time = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" })
const day = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long", year: "numeric" })
const shortDay = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" })
const date = new Intl.DateTimeFormat("en-GB", { dateStyle: "long" })
const moment = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" })

export const names = (all: readonly string[]) => list.format(all)
export const timeOf = (at: number) => time.format(at)
export const momentOf = (at: number) => moment.format(at)

export function dayOf(at: number, now = Date.now()): string {
  const days = Math.round((startOfDay(now) - startOfDay(at)) / 86_400_000)
  return days === 0 ? "Today" : days === 1 ? "Yesterday" : day.format(at)
}
export function shortTimeOf(at: number, now = Date.now()): string {
  return startOfDay(at) === startOfDay(now) ? time.format(at) : shortDay.format(at)
}
function startOfDay(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0)
}

export function bytesOf(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`
  const units = ["kB", "MB", "GB"]
  let value = bytes / 1_000
  let unit = 0
  while (value >= 1_000 && unit < 2) {
    value /= 1_000
    unit += 1
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}

export const count = (n: number, one: string, many = `${one}s`) => `${n} ${n === 1 ? one : many}`

/** How long something still holds, in words. */
export function timeLeft(until: number, now = Date.now()): string {
  const minutes = Math.ceil((until - now) / 60_000)
  if (minutes <= 0) return "expired"
  if (minutes < 60) return `${count(minutes, "minute")} left`
  const hours = Math.round(minutes / 60)
  return hours < 48 ? `${count(hours, "hour")} left` : `${count(Math.round(hours / 24), "day")} left`
}

/** How long ago something was, in words. */
export function agoOf(at: number, now = Date.now()): string {
  const minutes = Math.floor((now - at) / 60_000)
  if (minutes < 1) return "just now"
  if (minutes < 60) return `${count(minutes, "minute")} ago`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${count(hours, "hour")} ago` : `${count(Math.floor(hours / 24), "day")} ago`
}

/** "in 2 days and 3 hours": as exact as somebody who waits needs it. */
export function untilIn(at: number, now = Date.now()): string {
  const minutes = Math.ceil((at - now) / 60_000)
  if (minutes <= 0) return "with the next reading of the clock"
  if (minutes < 60) return `in ${count(minutes, "minute")}`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return `in ${joined(count(hours, "hour"), minutes % 60, "minute")}`
  return `in ${joined(count(Math.floor(hours / 24), "day"), hours % 24, "hour")}`
}
function joined(first: string, rest: number, unit: string): string {
  return rest === 0 ? first : `${first} and ${count(rest, unit)}`
}

/** "14 November 2026" */
export const dateOf = (at: number) => date.format(at)

export const text = {
  product: "Holdfast",
  tagline: "Messages and files for people who cannot rest everything on one administrator.",
  back: "Back",
  cancel: "Cancel",
  close: "Close",
  copy: "Copy",
  copied: "Copied",
  you: "you",
  loading: "One moment…",
  skipToMain: "Skip to the main part",

  problem: {
    unexpected:
      "Something went wrong that should not have. Nothing that was sent is lost. Reload this page and try again.",
    engineEnded:
      "The part of Holdfast that does the work has stopped. Reload this page to start it again; nothing is lost.",
    noDownloads:
      "This browser does not let Holdfast save a file this large (private windows often do not). Open Holdfast in an ordinary window and try again.",
    tooLarge: "Files can be up to 2 GB. This one is larger.",
    emptyFile: "That file is empty, so there is nothing to send.",
    title: "This did not work",
    screen: "This part of the screen could not be shown.",
    reload: "Reload",
    browser:
      "This browser is missing something that Holdfast needs (private files, locks or modern cryptography). Use a current Chromium, Firefox or Safari, in an ordinary window, over https or on localhost.",
  },

  connection: {
    connecting: "Connecting…",
    online: "Connected",
    offline: "Not connected. What you write is kept here and goes out by itself.",
    offlineShort: "Not connected",
    stopped: "Stopped",
    reading: "Reading what is new…",
  },

  otherTab: {
    title: "Holdfast is open in another tab",
    body: "Only one tab at a time can work with your messages, so that nothing is written twice. The other tab may be in another window of this browser.",
    use: "Use it here instead",
    moving: "Asking the other tab to stop…",
    movedTitle: "Holdfast moved to another tab",
    movedBody: "You chose to use it there. This tab has closed everything and holds nothing any more.",
  },

  welcome: {
    title: "Holdfast",
    found: "Found an organisation",
    foundHint: "You have just started a relay, and its terminal shows an address.",
    join: "I have an invitation",
    joinHint: "Somebody gave you a link or a code to scan.",
    unlock: "Unlock",
    unlockTitle: "Welcome back",
    choose: "On this device",
    vault: (id: string) => `Organisation ${id.slice(0, 4)}`,
    another: "Another organisation",
    passphrase: "Passphrase",
    unlocking: "Unlocking…",
    promise: "Whoever runs the server cannot read, add or remove anything. The people decide, and everybody sees it.",
  },

  found: {
    title: "Found an organisation",
    hostingCode: "Hosting code",
    hostingHint:
      "The terminal where the relay was started shows it, at the end of the address. It lets one organisation in.",
    organisation: "Name of the organisation",
    organisationHint: "Members see it. The server never does.",
    yourName: "Your name",
    yourNameHint: "As the others know you.",
    device: "Name of this device",
    deviceHint: "So that everybody can tell your devices apart.",
    who: "Who decides",
    whoHint: "About who joins, who leaves and which devices belong. They are called keepers.",
    alone: "Just me, for now",
    aloneHint: "To try it out. It is marked as an evaluation everywhere, and you can raise it to several people later.",
    several: "Several people must agree",
    severalHint:
      "Nobody can let anyone in alone: not you, not the person who runs the server, not a thief with one laptop.",
    keeperName: (n: number) => `Person ${n}`,
    you: (name: string) => (name === "" ? "You" : `${name} (you)`),
    keepersAre: "Keepers",
    addKeeper: "Add a person",
    removeKeeper: (name: string) => `Take out ${name === "" ? "this person" : name}`,
    needed: "How many must agree",
    neededOption: (k: number, n: number) => `${k} of ${n}`,
    meaning: (k: number, people: readonly string[]) => {
      const spare = people.length - k
      return `Any ${k} of ${names(people)} must agree to every change. ${spare === 1 ? "One of them" : `Up to ${spare} of them`} can be away, or lose a device, and the organisation still works. Nobody decides alone.`
    },
    floors:
      "At least two must agree, always more than half, and one person must be able to drop out. That is why it takes three or more.",
    tooFew: "Name at least two more people, so that one of you can drop out.",
    until: "Until all of them have joined and accepted, you decide alone and Holdfast says so everywhere.",
    submit: "Found the organisation",
    busy: "Founding… this takes some seconds.",
    missing: "Please fill this in.",
    sameNames: "Two people have the same name. Make them different, so that everybody can tell them apart.",
  },

  passphrase: {
    choose: "Passphrase for this device",
    again: "The same passphrase again",
    hint: "Four or more words that do not belong together are easy to keep in mind and hard to guess.",
    why: "It locks everything on this device. Nobody has a copy, so nobody can send you a new one: if you forget it, what is on this device is gone, and you join again with the help of the others.",
    differ: "The two are not the same.",
    short: (n: number) => `At least ${n} characters.`,
    strength: {
      short: "Too short",
      weak: "Weak: somebody who has this device could guess it",
      fair: "Fair",
      strong: "Strong",
    },
    strengthLabel: "Strength",
  },

  handOut: {
    title: "Hand out these invitations",
    body: "Each person needs their own. Give it to them in person or over something you both trust: whoever holds it can ask to join in their place.",
    later: "You find them again under People.",
    continue: "Continue",
    waiting: "Making the invitations…",
  },

  join: {
    title: "Join an organisation",
    paste: "Your invitation",
    pasteHint: "Paste the link, or the text that begins with hf1.",
    bad: "That is not a whole invitation. Copy the link again, from its beginning to its end.",
    expired: "This invitation has expired. Ask for a new one.",
    checkTitle: "You are invited to",
    organisationCode: "Organisation code",
    check:
      "Ask the person who invited you for their organisation code (they find it under “This device”). If it is not exactly this one, stop: it would be somebody else's organisation.",
    purpose: {
      member: "You will be a member.",
      keeper: "You will be a member, and you are asked to be one of the people who must agree (a keeper).",
      device: "This adds another device of your own to the organisation.",
      recovery:
        "This lets you back in as yourself after you have lost every device. It waits for some days before it takes effect; then this device is yours and the lost ones end.",
    },
    relay: (host: string) => `Its server is ${host}.`,
    expires: (left: string) => `The invitation holds for a limited time: ${left}.`,
    submit: "Ask to join",
    busy: "Asking… this takes some seconds.",
    change: "Use another invitation",
    openFirst: "You have another organisation open here. It is locked when you go on.",
    leaveTitle: "Open this link?",
    leave: "Lock and go on",
  },

  waiting: {
    title: "You have asked to join",
    codeTitle: "Read this code to the person who invited you",
    codeHint:
      "Call them, or meet. They see the same code beside your request. If theirs is different, somebody else used your invitation.",
    steps: [
      "Your request is on its way, sealed so that the server cannot read it.",
      "The people who must agree look at it and approve.",
      "This page goes on by itself. You can close it and come back.",
    ],
    recovery: {
      title: "You have asked to be let back in",
      asked: "The people who must agree compare the code with you and decide.",
      notBegun: "They have agreed. The waiting time begins as soon as witnesses have seen it.",
      waits: (when: string, moment: string) =>
        `They have agreed. It takes effect ${when} (${moment}). Until then any of your old devices can stop it.`,
    },
    lock: "Lock for now",
    giveUp: "Give up and remove it from this device",
  },

  nav: {
    label: "Main",
    conversations: "Conversations",
    newConversation: "New conversation",
    people: "People",
    decisions: "Keepers",
    timeline: "Timeline",
    notices: "Notices",
    settings: "This device",
    none: "No conversations yet.",
    unread: (n: number) => `${n} unread`,
    waiting: (n: number) => `${n} waiting for you`,
    pickTitle: "Choose a conversation",
    pickBody: "Or start a new one. Whatever is written here can be read on the devices of its members only.",
    you: "You",
    emptyConversation: "Nothing written yet",
    file: "A file",
  },

  watch: {
    label: "Witnesses of the history",
    glance: (fresh: number, total: number, ago: string) => `${fresh} of ${total} witnesses, ${ago}`,
    seen: (fresh: number, total: number, ago: string) =>
      `${fresh} of ${total} witnesses have seen this history, ${ago}.`,
    never: (total: number) => `None of ${total} witnesses has signed this history yet.`,
    neverShort: "No witness has signed yet",
    unwatched: "No witnesses",
    unwatchedLong:
      "The rules name no witnesses. A server that shows two people two different histories is noticed only when two members talk.",
    stale: "Stale",
    frozen: "Frozen",
    see: "See the witnesses",
    canaryLapsed: (until: string) =>
      `The canary lapsed on ${until}: the keepers no longer declare that no one has compelled them. Ask one of them in person before you rely on this organisation.`,
  },

  evaluation: {
    short: "Evaluation",
    banner: "Evaluation: one person decides everything.",
    raise: "Raise it…",
    invite: "Invite people…",
    progress: (accepted: number, total: number) =>
      `Evaluation: one person decides until all keepers are in. ${accepted} of ${total} so far.`,
    see: "See who is missing",
    ready: "Evaluation: one person decides until the new rules are approved. All keepers are in.",
    toDecisions: "Decide now",
  },

  keeperAsk: {
    title: "You are asked to be a keeper",
    body: (needed: number, total: number) =>
      `Keepers are the people who must agree before anyone joins, leaves or gets a device: ${needed} of ${total}. You would look at each request and approve or decline it.`,
    accept: "Accept",
    otherKey: "Another kind of key…",
    busy: "Accepting…",
  },

  conversation: {
    everyoneTitle: "Everyone",
    everyone: "All members of the organisation",
    members: (n: number) => count(n, "member"),
    readers: "Who can read this",
    readersOf: (title: string) => `Who can read “${title}”`,
    readersIntro:
      "Every device that holds the keys of this conversation, and the act that let it into the organisation.",
    readersCount: (people: number, devices: number) =>
      `${count(people, "person", "people")}, ${count(devices, "device")}`,
    ghost: "Not in the organisation",
    ghostTitle: "A device here is not in the organisation",
    ghostBody:
      "Nothing is sent until it is out. Holdfast removes it by itself; if this stays, tell the people who must agree, not through this server.",
    entry: (n: number) => `entry ${n} of the timeline`,
    more: "More about this conversation",
    rename: "Rename",
    renameLabel: "Title",
    add: "Add people",
    remove: "Take somebody out",
    removeBody: "They keep what they have already received and cannot read what is written from now on.",
    addBody: "They can read what is written from now on, not what was written before.",
    save: "Save",
    messages: "Messages",
    start: "This is the beginning of the conversation.",
    startEncrypted: "Only the devices under “Who can read this” hold its keys.",
    loadingOlder: "Loading older messages…",
    newest: "Newest",
    newMessages: "New messages below",
    composer: (title: string) => `Message to ${title}`,
    attach: "Add files",
    send: "Send",
    hint: "Enter sends, Shift and Enter starts a new line.",
    drop: "Drop to add",
    removeFile: (name: string) => `Take out ${name}`,
    waiting: "Waiting to be sent",
    sent: "Sent",
    failed: "Not sent",
    unknown: "This message is of a kind that this version does not know. Update to read it.",
    announced: (from: string, words: string) => `${from}: ${words}`,
    fileAnnounced: (name: string) => `sent the file ${name}`,
    healing:
      "Somebody was removed. New keys are on their way; what you write waits until everybody who stays has them.",
    broken:
      "This device lost its place in the conversation and has asked to be let back in. What you write waits until then.",
    left: "This device is no longer in the conversation. You can read what it received.",
    standingRemoved: "You are no longer in this organisation. You can read what this device received.",
    standingStopped:
      "Holdfast has stopped here because the server showed something that must not be. Nothing is sent or taken in.",
    notFound: "There is no such conversation on this device.",
    tooLong: "That is too long for one message. Send it as a file.",
    confirmSave: "Saved to your downloads",
  },

  file: {
    download: "Download",
    show: "Show",
    save: "Save",
    saving: "Saving…",
    cancel: "Cancel",
    retry: "Try again",
    preparing: "Preparing",
    uploading: (done: string, total: string) => `Sending ${done} of ${total}`,
    downloading: (done: string, total: string) => `Fetching ${done} of ${total}`,
    remote: (size: string) => size,
    here: (size: string) => `${size}, on this device`,
    failed: "The transfer stopped.",
    chooseAgain: "Choose the file again",
    picture: (name: string) => `Picture: ${name}`,
    stripped: "place, time and camera were taken out",
    unstripped: "may still say where, when and with what it was taken",
    keepDetails: "Leave them in",
    progress: (name: string) => `Progress of ${name}`,
  },

  newConversation: {
    title: "New conversation",
    who: "With whom",
    name: "Title",
    nameHint: "For three or more people. Only its members see it.",
    alone: "There is nobody else in the organisation yet. Invite somebody first.",
    start: "Start",
    pick: "Choose at least one person.",
    needTitle: "Give it a title.",
    filter: "Find a person",
  },

  people: {
    title: "People",
    invite: "Invite",
    intro: "Everybody in the organisation and every device that belongs to them.",
    keeper: "Keeper",
    removed: "No longer in the organisation",
    devices: (n: number) => count(n, "device"),
    thisDevice: "this device",
    removedDevice: (n: number) => `removed by entry ${n}`,
    admitted: (n: number) => `let in by entry ${n}`,
    fingerprint: "Key",
    message: "Message",
    removeMember: "Remove from the organisation…",
    removeDevice: "Remove this device…",
    removeMemberTitle: (name: string) => `Remove ${name}?`,
    removeMemberBody: (name: string) =>
      `${name} and all of their devices are cut off at once and cannot read anything written afterwards. What they have already received stays with them. This cannot be undone; they would have to be invited anew.`,
    removeDeviceTitle: (label: string) => `Remove “${label}”?`,
    removeDeviceBody: (name: string) =>
      `This device of ${name} is cut off at once and cannot read anything written afterwards. What it has already received stays on it.`,
    removeOwn: "It is the device you are using now. You will not be able to go on here.",
    quorum: (needed: number, total: number) => `${needed} of ${total} keepers must agree before it happens.`,
    single: "You decide alone, so it happens as soon as you confirm.",
    propose: "Propose the removal",
    removeNow: "Remove",
    proposed: "Proposed. It is under Keepers now.",
    former: "Former members",
    invitations: "Invitations",
    raiseTitle: "Who should decide",
    raiseHint:
      "From then on nobody can let anyone in alone: not you, not the person who runs the server, not a thief with one laptop.",
    raiseInvite:
      "It takes at least three people: you and two more, so that one of you can drop out. Invite them first, as members who also decide.",
    raiseInviteSubmit: "Invite people",
    importList: "Invite from a list…",
    raise: "Raise the organisation…",
    plan: {
      you: "you, ready",
      invited: "has not joined yet",
      joined: "has joined, has not accepted yet",
      accepted: "ready",
      title: (k: number, n: number) => `${k} of ${n} will have to agree`,
      body: "As soon as all of them have accepted, the new rules are in force and nobody decides alone any more.",
    },
  },

  invite: {
    title: "Invite",
    purpose: "Whom do you want to invite?",
    member: "A new member",
    memberHint: "Can talk with everybody. The people who must agree look at the request first.",
    keeper: "A new member who also decides",
    keeperHint: "Is asked to be one of the people who must agree.",
    device: "Another device of mine",
    deviceHint: "A phone or a second computer. The people who must agree look at it too.",
    name: "Their name",
    nameHint: "As you know them; the others see it beside the request.",
    deviceName: "What you call the device",
    hours: "Holds for",
    hoursOption: (h: number) => (h < 24 ? count(h, "hour") : count(h / 24, "day")),
    create: "Make the invitation",
    madeTitle: (name: string) => `Invitation for ${name}`,
    made: "Give it to them in person, or over something you both trust. It works once.",
    link: "Link",
    qr: (name: string) => `QR code of the invitation for ${name}`,
    onlyHere: "The link is shown on the device that made it only.",
    local:
      "This address works on this computer only. To invite people elsewhere, open Holdfast under an address that they can reach, and invite from there.",
    done: "Done",
    show: "Show link",
    revoke: "Withdraw",
    by: (name: string) => `from ${name}`,
    purposeOf: { member: "member", keeper: "keeper", device: "device", recovery: "recovery" },
    state: {
      waiting: "cannot be used yet: it waits for the connection",
      open: "not used yet",
      asked: "has asked to join, waits for approval",
      used: "used",
      expired: "expired",
      revoked: "withdrawn",
    },
    notYet: "The server does not know this invitation yet. It is told as soon as it can be reached.",
    none: "No open invitations.",
    share: "Share…",
  },

  timeline: {
    title: "Timeline",
    intro:
      "Everything that was ever done to this organisation, in order. Every member has the same list; nobody can take an entry out.",
    export: "Save a copy",
    exportHint: "A saved copy holds the whole list with all its signatures, as one file.",
    approvedBy: (who: readonly string[]) => `Approved by ${names(who)}`,
    outcome: { waiting: "Waits", vetoed: "Vetoed", lapsed: "Lapsed", refused: "Refused" },
    waitingHint: "It is decided, and takes effect when its time has come unless it is vetoed.",
    vetoedHint: "It never took effect.",
    lapsedHint: "When its time came it no longer fitted the rules, so it changed nothing.",
    /** What the clock says: times are those that witnesses have signed, never the server's word. */
    seenAt: (when: string) => `seen by witnesses ${when}`,
    older: (n: number) => `Show ${n} older entries`,
    clock: (n: number) => `${count(n, "reading")} of the log's clock, signed by witnesses`,
    follow: (n: number) => `Everything about entry ${n}`,
    /** The engine may give a word of the rules or a sentence. */
    reason: (why: string) => `${why.charAt(0).toUpperCase()}${why.slice(1).replaceAll("_", " ").replace(/\.$/, "")}.`,
    refusedHint: "It was recorded and changed nothing.",
    code: "Code",
    entry: (n: number) => `Entry ${n}`,
    empty: "Nothing yet.",
  },

  notices: {
    title: "Notices",
    intro: "Things worth knowing. None of them stops anything.",
    none: "No notices.",
    dismiss: "Seen",
    toDesk: "Look at it",
  },

  alarm: {
    title: "Warning",
    dismiss: "I have read this",
    evidence: "Save the evidence",
    whatToDo: "What to do:",
    advice: {
      fork: "Two devices were shown different histories, or somebody lies about it. Compare the newest entry of the timeline with that person, in person or by phone, not through Holdfast. Keep this device as it is: it holds what there is of a proof.",
      rollback:
        "The server showed an older state than it had shown before. Tell the people who must agree, in person or by phone. Keep this device as it is.",
      withheld:
        "The server holds something back. Compare the newest entry of the timeline with somebody else, by phone.",
      substituted_key:
        "Somebody tried to slip in a key. It was refused. Tell the people who must agree, not through this server.",
      ghost_device:
        "Do not send anything secret until it is gone. Look at “Who can read this” and tell the people who must agree.",
      frozen:
        "Ask the people who run the witnesses, not through this server, whether they are down. If they are not, somebody keeps them from being asked. Until they sign again, let nobody in and trust no change that you see here.",
      canary_lapsed:
        "Ask a keeper in person why it was not renewed. Until you know, treat this organisation as one that may have been compelled.",
      clock_stands:
        "Tell the people who must agree, not through this server. What waits can still be stopped; to go on, they can move to another server.",
      own_record_changed:
        "If you did not do this yourself, tell the people who must agree at once, in person or by phone. What still waits can be stopped under Keepers.",
      approval_by_suspended:
        "Ask that keeper in person whether it was them. If it was not, somebody else has their key: replace it under Keepers.",
      update_needed:
        "Update Holdfast on this device before you decide about anything, so that you see the same as everybody else.",
      refused_entry:
        "Look at the entry in the timeline: it says who signed it and which rule it broke. It changed nothing.",
    } as Readonly<Record<string, string>>,
    otherwise: "Tell the people who must agree, in person or by phone, and keep this device as it is.",
  },

  settings: {
    title: "This device",
    you: "You",
    organisation: "Organisation",
    organisationCode: "Organisation code",
    organisationCodeHint: "Read it to people you invite, so that they know that they are in the right place.",
    device: "Device",
    fingerprint: "Key",
    relay: "Server",
    relayHint: "It stores and passes on what it cannot read.",
    keepers: "People who must agree",
    keepersValue: (needed: number, total: number, who: readonly string[]) =>
      total === 1 ? `${names(who)} alone` : `${needed} of ${names(who)}`,
    lock: "Lock now",
    lockHint: "Closes everything here. Your passphrase opens it again.",
    label: "Name shown before unlocking",
    labelHint:
      "If several organisations are on this device. It lies readable on the disk, so choose something harmless.",
    labelSave: "Save",
    remove: "Remove from this device…",
    removeHint: "Deletes messages, files and keys of this organisation here. The others keep theirs.",
    removeTitle: "Remove this organisation from this device?",
    removeBody:
      "All of its messages, files and keys here are deleted for good. Your device stays in the list of the organisation until it is removed there. To come back you need a new invitation.",
    removeConfirm: "Delete it here",
    storage: "Kept by the browser",
    storageSafe: "Yes. The browser does not clear it by itself.",
    storageUnsafe:
      "Not guaranteed: the browser may clear it when the disk is full. Installing Holdfast as an app usually changes that.",
    about: "About",
    version: (v: string) => `Holdfast ${v}`,
    licence: "Free software under the GNU Affero General Public License, version 3 or later.",
    notPromised: "What it does not promise",
    notPromisedList: [
      "A device under somebody's control reads what its owner reads.",
      "A whole quorum acting together can add members. It cannot do that unseen.",
      "Whoever watches the server's network live sees who is online and when.",
      "This page itself comes from the server. Whoever controls the server could change it: use your own copy (“holdfast desk”) or the command-line client where that matters.",
    ],
  },

  ended: {
    removedTitle: "You are no longer in this organisation",
    removedBody:
      "The people who must agree have removed you or this device. What was received before is still here to read.",
  },
} as const
