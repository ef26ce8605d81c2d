export { type ApprovalFile, approvalFileName, decodeApprovalFile, encodeApprovalFile } from "./approval-file.ts"
export {
  formatKeeperOffer,
  isRightOffer,
  type KeeperOffer,
  keeperKeyCode,
  makeKeeperOffer,
  parseKeeperOffer,
} from "./offer.ts"
export {
  decodeSigningRequest,
  encodeSigningRequest,
  type ReadRequest,
  type RequestedName,
  readSigningRequest,
  type SigningRequest,
  signingRequestName,
} from "./signing-request.ts"
