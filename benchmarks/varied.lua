-- Requests that differ, for wrk: the same ones as those of our load generator (zerohttpd_lib/load/requests.py).
--
--     wrk -s varied.lua URL -- FILE
--
-- FILE has the templates one after the other, each with a place, %d, for a number of its own.

local templates, sent = {}, 0

function init(args)
   local file = assert(io.open(args[1], "rb"))
   for template in file:read("*a"):gmatch("(.-\r\n\r\n)") do
      templates[#templates + 1] = template
   end
   file:close()
end

function request()
   sent = sent + 1
   return string.format(templates[sent % #templates + 1], sent)
end
