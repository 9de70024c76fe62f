// Who works in the demo's clinics?
//
// Three tenants and a dozen people with passwords that are printed for everybody to
// use; they open nothing but this example. `visitor` is whoever reads the demo's
// screen: the simulated staff never act under that name.

export interface Account {
  readonly login: string
  readonly password: string
  readonly name: string
  readonly role: 'physician' | 'nurse' | 'reception'
  readonly clinic: string
}

export const CLINICS = [
  { code: 'north', name: 'North Clinic' },
  { code: 'harbour', name: 'Harbour Clinic' },
  { code: 'hill', name: 'Hill Clinic' },
] as const

export const STAFF: readonly Account[] = [
  account('visitor', 'Vic Visitor', 'nurse', 'north'),
  account('anna', 'Anna Ahlgren', 'physician', 'north'),
  account('boris', 'Boris Becher', 'physician', 'harbour'),
  account('chloe', 'Chloe Castell', 'physician', 'hill'),
  account('david', 'David Dahl', 'nurse', 'north'),
  account('elena', 'Elena Engel', 'nurse', 'harbour'),
  account('felix', 'Felix Ferrand', 'nurse', 'hill'),
  account('gina', 'Gina Gallo', 'reception', 'north'),
  account('hanna', 'Hanna Hess', 'reception', 'harbour'),
  account('ivan', 'Ivan Irmer', 'reception', 'hill'),
  account('julia', 'Julia Jonsson', 'nurse', 'north'),
  account('karl', 'Karl Keller', 'nurse', 'harbour'),
  account('lena', 'Lena Lorenz', 'nurse', 'hill'),
]

function account(login: string, name: string, role: Account['role'], clinic: string): Account {
  return { login, password: `${login}-demo`, name, role, clinic }
}
