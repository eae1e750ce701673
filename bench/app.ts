// The baseline `hello` stands in the same app, on the same host, as what is measured against it.
import '../functions/index.ts'
import './hello-app.ts'
