// What is a route called, and which resource is it about?
//
// Words of the path's shape, without those that say nothing of it (`api`, a version).

const SAYS_NOTHING = /^(?:api|rest|v\d+(?:\.\d+)*|public|)$/i

function wordsOf(shape: string): string[] {
  return shape
    .split('/')
    .filter(segment => !SAYS_NOTHING.test(segment) && !segment.startsWith('{') && !segment.startsWith('*'))
    .map(segment =>
      segment
        .toLowerCase()
        .replaceAll(/[^a-z0-9]+/g, '-')
        .replaceAll(/^-|-$/g, ''),
    )
    .filter(word => word !== '')
}

/** `/api/v1/patients/{id}/notes` → `patients-id-notes`. */
export function routeName(shape: string): string {
  const words = shape.replaceAll(/\{id\d*\}/g, 'id').replaceAll('**', 'files')
  const name = wordsOf(words).join('-').slice(0, 60)
  return name === '' ? 'home' : name === 'default' ? 'default-path' : name
}

/** The collection a path belongs to, as a tag: `/api/v1/patients/{id}/notes` → `patients`. */
export function resourceOf(shape: string): string | undefined {
  return wordsOf(shape)[0]
}
