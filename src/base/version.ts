// Which version of Pillion is this?
//
// Written out instead of read from package.json, so that no file has to be found at run
// time wherever Pillion is installed. A test keeps the two equal.

export const VERSION = '0.1.0'
