/** A compact JWT in a text. Three letters alone would not do: `eyJ` turns up by chance in the base64url of any hash. */
export const JWT = /eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+/
