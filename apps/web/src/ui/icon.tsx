// Line drawings on a 20 by 20 grid, in the colour of the text around them.
const drawings = {
  back: "M12.5 4.5 7 10l5.5 5.5",
  plus: "M10 4v12M4 10h12",
  close: "M5 5l10 10M15 5 5 15",
  people:
    "M7.5 9.500a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM2 16.500c.4-3 2.6-4.5 5.5-4.500s5.1 1.5 5.5 4.500M13 9.300a2.7 2.7 0 0 0 0-5.300M15 12.200c1.7.6 2.7 2 3 4.3",
  decisions: "M3.5 10.500l3.5 3.500L16.5 5M10.5 14l1 1",
  timeline: "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM10 6v4.200l2.8 1.8",
  notices: "M5 14V9a5 5 0 0 1 10 0v5l1.5 1.500h-13ZM8.5 17.500h3",
  device: "M3.5 4h13v9h-13ZM7.5 16.500h5M10 13v3.5",
  attach:
    "M14.5 9.5 9.2 14.800a3.2 3.2 0 0 1-4.5-4.500l6-6a2.2 2.2 0 0 1 3.1 3.100L8 13.200a1.1 1.1 0 0 1-1.6-1.600L11.5 6.5",
  send: "M3.5 10h11M10 5l5 5-5 5",
  readers: "M2 10s2.8-5 8-5 8 5 8 5-2.8 5-8 5-8-5-8-5ZM10 12.300a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.600Z",
  file: "M5 2.500h6.500L15.5 6.500v11h-10.500ZM11.5 2.500v4h4",
  warning: "M10 3 18 16.500H2ZM10 8v4M10 14.200v.3",
  lock: "M5 9h10v8H5ZM7 9V6.500a3 3 0 0 1 6 0V9",
  more: "M4.2 9.5h1v1h-1ZM9.5 9.5h1v1h-1ZM14.8 9.5h1v1h-1Z",
  down: "M10 4v11M5.5 10.5 10 15l4.5-4.5",
  check: "M4 10.500l4 4 8-9",
  witness:
    "M10 2.500 16.500 5v4.500c0 4-2.800 6.700-6.500 8-3.700-1.300-6.500-4-6.500-8V5ZM7 9.800l2.200 2.200 3.800-4.200",
  key: "M7 12.500a3.500 3.500 0 1 1 3.300-4.600L17 8v2.500h-2v2h-2.500v-2h-2.200A3.500 3.500 0 0 1 7 12.500ZM6.500 9h.1",
  clock: "M10 16.500a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM10 6.500V10l2 1.5",
} as const
export type IconName = keyof typeof drawings

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={drawings[name]} />
    </svg>
  )
}
