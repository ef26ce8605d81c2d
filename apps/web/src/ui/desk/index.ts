// What is loaded when somebody opens the keepers' desk, or something of it elsewhere.
export { ActScreen } from "./act-detail.tsx"
export { BecomeKeeper } from "./become-keeper.tsx"
export { Desk } from "./desk.tsx"
export { ImportPeople } from "./import-people.tsx"
export { RulesScreen } from "./rules-screen.tsx"
export { WatchCard } from "./watch-card.tsx"
