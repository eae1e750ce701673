/** A message of the queue `kvevents`, hidden from others while it is worked on. */
export type QueueMessage = {
  text: string
  /** How often it was handed out, this time included. */
  deliveries: number
  /** Takes it off the queue; a message that somebody else has got meanwhile stays. */
  remove(): Promise<void>
}

/** Hands out up to 32 messages, hidden for two minutes; what is not removed comes again. Throws StorageError. */
export type ReceiveMessages = () => Promise<QueueMessage[]>
