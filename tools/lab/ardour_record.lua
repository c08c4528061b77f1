-- Ardour, headless, over JACK: two armed MIDI tracks, player and livejam, MIDI clock sent, and everything recorded.
-- usage: ardourN-lua -X ardour_record.lua FOLDER NAME SECONDS BPM    it waits for a line of input before it rolls
local folder, name, seconds, bpm = arg[1], arg[2], tonumber(arg[3]), tonumber(arg[4])

local function say(...) print(...); io.stdout:flush() end

AudioEngine:set_backend("JACK", "ardour", "")
assert(create_session(folder, name, 48000) and Session, "no session")

local one = ARDOUR.ChanCount(ARDOUR.DataType("midi"), 1)
for _, title in ipairs({"player", "livejam"}) do
  local made = Session:new_midi_track(one, one, true, ARDOUR.PluginInfo(), nil, nil, 1, title,
    ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, true)
  for track in made:iter() do track:rec_enable_control():set_value(1, PBD.GroupControlDisposition.NoGroup) end
end

ARDOUR.config():set_send_midi_clock(true)
local tempos = Temporal.TempoMap.write_copy()
tempos:set_tempo(Temporal.Tempo(bpm, bpm, 4), Temporal.timepos_t(0))
Temporal.TempoMap.update(tempos)

say("set up")
io.stdin:read("l")

Session:maybe_enable_record(false)
Session:request_roll(ARDOUR.TransportRequestSource.TRS_UI)
say("rolling")
sleep(seconds)
Session:request_stop(false, false, ARDOUR.TransportRequestSource.TRS_UI)
sleep(2)
Session:save_state("")
for route in Session:get_routes():iter() do
  local track = route:to_track()
  if not track:isnil() then
    for region in track:playlist():region_list():iter() do
      say("region", route:name(), region:position():samples(), region:length():samples())
    end
  end
end
close_session()
say("done")
