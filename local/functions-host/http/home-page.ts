/** What `/` shows unless AzureWebJobsDisableHomepage is set. */
export const HOME_PAGE = `<!DOCTYPE html>
<html>
<head><title>Your Azure Function App is up and running.</title></head>
<body><h1>Your Functions app is up and running</h1><p>Hosted locally, in process.</p></body>
</html>
`
