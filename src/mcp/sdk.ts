// What of the protocol's library is used: built as a file of its own, which no other command loads.
export { type CallToolResult, Server, type Tool } from '@modelcontextprotocol/server';
export { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
