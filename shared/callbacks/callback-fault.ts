/** A call out that was not made or did not work. `reason` is an internal tag; nothing of URL or answer is in it. */
export class CallbackFault extends Error {
  readonly reason:
    | 'callback_malformed'
    | 'callback_not_allowed'
    | 'callback_unresolvable'
    | 'callback_private_address'
    | 'callback_redirected'
    | 'callback_timeout'
    | 'callback_unreachable'
    | 'callback_answer_too_large'

  constructor(reason: CallbackFault['reason']) {
    super(`callback: ${reason}`)
    this.name = 'CallbackFault'
    this.reason = reason
  }
}
