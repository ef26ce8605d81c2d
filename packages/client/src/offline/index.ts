// What goes to and from machines that are never online. It loads nothing that could open a connection.
export { ClientError } from "../error.ts"
export { type ApprovalFile, approvalFileName, decodeApprovalFile, encodeApprovalFile } from "./approval-file.ts"
export { type Export, exportFiles, organisationPolicy } from "./export-files.ts"
export { type FittingNames, fittingNames } from "./fitting-names.ts"
export { decodeNames, encodeNames } from "./names-file.ts"
export {
  formatKeeperOffer,
  isRightOffer,
  type KeeperOffer,
  keeperKeyCode,
  makeKeeperOffer,
  parseKeeperOffer,
} from "./offer.ts"
export type { RequestedName } from "./requested-name.ts"
export {
  decodeSigningRequest,
  encodeSigningRequest,
  type ReadRequest,
  readSigningRequest,
  type SigningRequest,
  signingRequestName,
} from "./signing-request.ts"
