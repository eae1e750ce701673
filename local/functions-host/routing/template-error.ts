/** A route template that ASP.NET would refuse; on the real host one such template takes the whole host down. */
export class TemplateError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'TemplateError'
  }
}
