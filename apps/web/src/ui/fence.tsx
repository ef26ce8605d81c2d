import { Component, type ReactNode } from "react"
import { text } from "../messages.ts"

/** Keeps a defect in one part of the screen from taking the rest with it. */
export class Fence extends Component<{ children: ReactNode; fallback?: ReactNode }, { broken: boolean }> {
  override state = { broken: false }
  static getDerivedStateFromError() {
    return { broken: true }
  }
  override render() {
    if (!this.state.broken) return this.props.children
    if (this.props.fallback !== undefined) return this.props.fallback
    return (
      <div className="broken" role="alert">
        <p>{text.problem.screen}</p>
        <button type="button" className="button" onClick={() => location.reload()}>
          {text.problem.reload}
        </button>
      </div>
    )
  }
}
